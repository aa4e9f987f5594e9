//! Which point of a grid is the cheapest that meets all requirements, with confidence.
//!
//! Every point gets a few runs first. One that clearly misses, at a stricter level since it is looked at early, is left there;
//! the others are taken in order of what they cost, with more runs until their intervals decide. Once one meets everything, what
//! is clearly dearer is not run any further. All points see the same seeds, so that costs are compared in pairs.

use crate::metrics::Confidence;

use super::confidence::confidence;
use super::replications::{Replications, replicate_more};
use super::requirement::{Holds, Requirement};
use super::workers::{Subject, Workers};

/// Runs of each point before anything is decided.
const FIRST: usize = 3;
/// A point is left after those only with so many times less risk.
const STRICTER: f64 = 10.0;

/// What is to be found, and how much may be spent on it.
#[derive(Clone, Debug)]
pub struct Goal {
    /// All of these.
    pub requirements: Vec<Requirement>,
    /// The metric of which the least is wanted.
    pub minimize: String,
    /// Confidence level, between 0 and 1.
    pub level: f64,
    /// Runs of a point that may be the one.
    pub replications: usize,
    /// Runs of a point whose intervals do not decide.
    pub most: usize,
}

/// What became of a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It meets everything, and none that does is cheaper.
    Best,
    /// It meets everything.
    Meets,
    /// It misses a requirement.
    Misses,
    /// The runs that were allowed do not decide.
    Undecided,
    /// It was not run to the end, since it is dearer than the best.
    Dearer,
}

impl Standing {
    /// In a word.
    pub fn text(self) -> &'static str {
        match self {
            Standing::Best => "best",
            Standing::Meets => "meets",
            Standing::Misses => "misses",
            Standing::Undecided => "undecided",
            Standing::Dearer => "dearer",
        }
    }
}

/// A point of the grid after the search.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Its runs.
    pub replications: Replications,
    /// What became of it.
    pub standing: Standing,
    /// Of what is minimized.
    pub objective: Confidence,
    /// Of each requirement's metric, and what it says.
    pub verdicts: Vec<(Confidence, Holds)>,
}

impl Candidate {
    /// Whether it meets all requirements, as far as its runs tell.
    pub fn meets(&self) -> bool {
        self.verdicts.iter().all(|(_, holds)| *holds == Holds::Yes)
    }

    /// The requirement that it misses by most, and by how much.
    pub fn binding(&self, goal: &Goal) -> Option<(usize, f64)> {
        let misses = goal
            .requirements
            .iter()
            .zip(&self.verdicts)
            .map(|(requirement, (interval, _))| requirement.miss(interval.mean));
        misses.enumerate().max_by(|a, b| a.1.total_cmp(&b.1))
    }
}

/// Searches the grid; the candidates are in the order of `subjects`.
pub fn plan(subjects: &[Subject<'_>], seed: u64, goal: &Goal, workers: &Workers<'_>) -> Vec<Candidate> {
    let mut runs: Vec<Replications> = subjects.iter().map(|subject| Replications::new(*subject, seed)).collect();
    let everyone: Vec<usize> = (0..subjects.len()).collect();
    replicate_more(subjects, &mut runs, &everyone, FIRST.min(goal.most), workers);
    let early = 1.0 - (1.0 - goal.level) / STRICTER;
    let mut order = everyone.clone();
    order.retain(|point| goal.together(&runs[*point], early) != Holds::No);
    // Equal costs keep the order of the grid.
    order.sort_by(|a, b| goal.cost(&runs[*a]).total_cmp(&goal.cost(&runs[*b])));
    let mut dearer = vec![false; subjects.len()];
    let mut best: Option<usize> = None;
    for point in order {
        if best.is_some_and(|best| goal.is_dearer(&runs[point], &runs[best])) {
            dearer[point] = true;
            continue;
        }
        let mut wanted = goal.replications;
        loop {
            replicate_more(subjects, &mut runs, &[point], wanted, workers);
            // A count that was never above 0 is looked for in all runs that are allowed.
            let is_clear = goal.together(&runs[point], goal.deciding()) != Holds::Unclear;
            if is_clear && !goal.is_unseen(&runs[point]) || wanted >= goal.most {
                break;
            }
            wanted = (2 * wanted).min(goal.most);
        }
        let meets = goal.together(&runs[point], goal.deciding()) == Holds::Yes;
        if meets && best.is_none_or(|best| goal.cost(&runs[point]) < goal.cost(&runs[best])) {
            best = Some(point);
        }
    }
    let candidate = |(point, replications): (usize, Replications)| {
        let standing = match goal.together(&replications, goal.deciding()) {
            _ if best == Some(point) => Standing::Best,
            _ if dearer[point] => Standing::Dearer,
            Holds::Yes => Standing::Meets,
            Holds::No => Standing::Misses,
            Holds::Unclear => Standing::Undecided,
        };
        let interval = |metric: &str| goal.interval(&replications, metric, goal.level);
        let verdict = |requirement: &Requirement| {
            let strict = goal.interval(&replications, &requirement.metric, goal.deciding());
            (interval(&requirement.metric), requirement.holds(&strict))
        };
        Candidate {
            standing,
            objective: interval(&goal.minimize),
            verdicts: goal.requirements.iter().map(verdict).collect(),
            replications,
        }
    };
    runs.into_iter().enumerate().map(candidate).collect()
}

impl Goal {
    /// How often a point is looked at: after so many runs, after twice as many, until no more are allowed.
    pub fn looks(&self) -> u32 {
        let doubled = |runs: &usize| (*runs < self.most).then(|| (2 * runs).min(self.most));
        std::iter::successors(Some(self.replications), doubled).count() as u32
    }

    /// The level at which one look decides: all of them together are wrong no more often than `level` says (Bonferroni).
    pub fn deciding(&self) -> f64 {
        1.0 - (1.0 - self.level) / f64::from(self.looks())
    }

    /// Whether a requirement seems to be met only because no run saw what it counts.
    fn is_unseen(&self, runs: &Replications) -> bool {
        let unseen = |requirement: &Requirement| {
            requirement.unseen(&self.interval(runs, &requirement.metric, self.level)).is_some()
        };
        self.requirements.iter().any(unseen)
    }

    fn interval(&self, runs: &Replications, metric: &str, level: f64) -> Confidence {
        let nothing = Confidence { mean: None, low: None, high: None, level, n: 0 };
        runs.place(metric).map_or(nothing, |place| runs.confidence(place, level))
    }

    /// Whether all requirements hold: one that does not decides.
    fn together(&self, runs: &Replications, level: f64) -> Holds {
        let mut all = Holds::Yes;
        for requirement in &self.requirements {
            match requirement.holds(&self.interval(runs, &requirement.metric, level)) {
                Holds::No => return Holds::No,
                Holds::Unclear => all = Holds::Unclear,
                Holds::Yes => {}
            }
        }
        all
    }

    /// What a point costs; one without a figure costs more than all others.
    fn cost(&self, runs: &Replications) -> f64 {
        self.interval(runs, &self.minimize, self.level).mean.unwrap_or(f64::INFINITY)
    }

    /// Whether a point is clearly dearer than another, seed by seed.
    fn is_dearer(&self, point: &Replications, than: &Replications) -> bool {
        let (Some(here), Some(there)) = (point.place(&self.minimize), than.place(&self.minimize)) else {
            return false;
        };
        let pairs = point.values(here).zip(than.values(there)).map(|(point, than)| Some(point? - than?));
        confidence(pairs, self.level).low.is_some_and(|low| low > 0.0)
    }
}
