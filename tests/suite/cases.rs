//! The checked cases: recorded on the real service, documented by AWS, or closed form.
