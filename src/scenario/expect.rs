//! `[expect]`: what a scenario's figures are to be.

/// What one metric is to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Want {
    /// Equal.
    Equal(f64),
    /// Below.
    Below(f64),
    /// Not above.
    AtMost(f64),
    /// Above.
    Above(f64),
    /// Not below.
    AtLeast(f64),
    /// Between two numbers, both included.
    Between(f64, f64),
}

impl Want {
    /// Reads a comparison such as `"< 3000"`, or a plain number.
    pub fn parse(text: &str) -> Option<Want> {
        let number = |rest: &str| rest.trim().parse::<f64>().ok().filter(|value| value.is_finite());
        let text = text.trim();
        type Comparison = fn(f64) -> Want;
        // The longer signs first: "<=" starts with "<".
        let signs = ["<=", ">=", "<", ">"];
        let wants: [Comparison; 4] = [Want::AtMost, Want::AtLeast, Want::Below, Want::Above];
        for (sign, want) in signs.into_iter().zip(wants) {
            if let Some(rest) = text.strip_prefix(sign) {
                return number(rest).map(want);
            }
        }
        number(text).map(Want::Equal)
    }

    /// Whether `value` is as wanted.
    pub fn holds(self, value: f64) -> bool {
        match self {
            Want::Equal(want) => value == want,
            Want::Below(limit) => value < limit,
            Want::AtMost(limit) => value <= limit,
            Want::Above(limit) => value > limit,
            Want::AtLeast(limit) => value >= limit,
            Want::Between(low, high) => (low..=high).contains(&value),
        }
    }
}

/// As a scenario writes it.
impl std::fmt::Display for Want {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Want::Equal(value) => write!(f, "{value}"),
            Want::Below(value) => write!(f, "< {value}"),
            Want::AtMost(value) => write!(f, "<= {value}"),
            Want::Above(value) => write!(f, "> {value}"),
            Want::AtLeast(value) => write!(f, ">= {value}"),
            Want::Between(low, high) => write!(f, "[{low}, {high}]"),
        }
    }
}

/// One line of `[expect]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    /// The metric's name.
    pub metric: String,
    /// What it is to be.
    pub want: Want,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_comparison_holds_where_it_should() {
        for (text, below, at, above) in [
            ("3", false, true, false),
            ("< 3", true, false, false),
            ("<=3", true, true, false),
            ("> 3", false, false, true),
            (">= 3", false, true, true),
        ] {
            let want = Want::parse(text).unwrap();
            assert_eq!((want.holds(2.9), want.holds(3.0), want.holds(3.1)), (below, at, above), "{text}");
        }
        assert!(
            Want::Between(1.0, 2.0).holds(1.0)
                && Want::Between(1.0, 2.0).holds(2.0)
                && !Want::Between(1.0, 2.0).holds(2.1)
        );
        for text in ["", "<", "about 3", "< nan", "=> 3"] {
            assert_eq!(Want::parse(text), None, "{text}");
        }
    }
}
