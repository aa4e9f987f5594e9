//! The project's own rules: dependencies run one way, files stay small.
