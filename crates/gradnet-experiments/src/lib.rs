//! The experiments of "Gradient Networks" (Chaudhari, Pranav, Moura, IEEE TSP 2025): Tables I to III, the figures, the
//! theorems in numbers, and the time of a step.

#![warn(missing_docs)]

pub mod bench;
pub mod figure;
pub mod reproduce;
pub mod two_body;
pub mod universality;
