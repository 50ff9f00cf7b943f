//! Fields made of fields, and what the types know of them (Rem. 2, 3, 5, 6, Thm. 2, 5, 6).
//!
//! `cargo run --release --example fields_of_fields`
//!
//! Each line is a construction of the paper with the guarantee its type carries, checked on random points. A
//! construction whose theorem asks for more than its parts give does not compile as monotone: hand `difference` to
//! `monotone` and see.

use burn::tensor::{DType, Device, FloatDType, Tensor};
use gradnet_core::activation::{NeuralCascadedActivation, ScalarFunction};
use gradnet_core::analysis::{Claim, Region, verify};
use gradnet_core::combine::{
    Centred, Combination, Difference, FreeTransformation, SmoothComplement, SoftplusTransformation,
    StronglyMonotone, Sum, Transformed, WithLinearPart,
};
use gradnet_core::network::{
    GradNetC, GradNetCConfig, MGradNetC, MGradNetCConfig, MGradNetConfig, MGradNetNeuralConfig,
    MGradNetSoftmaxConfig, NetworkError,
};
use gradnet_core::sign::{Free, NonNegative};
use gradnet_core::{GradientField, MonotoneField, ParameterSource, TiedNetwork, VectorField};

const DIM: usize = 3;

/// Checks a claim on random points and prints what was found.
fn check(name: &str, field: &impl VectorField, claim: Claim) {
    let like = Tensor::<2>::zeros([1, DIM], (&Device::flex(), DType::F64));
    let report = verify(field, claim, &like, Region::default(), 8, 0);
    println!(
        "{name:<44} {claim:?}: asymmetry {:.0e}, least eigenvalue {:+.3}, {}",
        report.relative_asymmetry,
        report.smallest_eigenvalue,
        if report.passed { "kept" } else { "BROKEN" }
    );
}

fn gradient(name: &str, field: &impl GradientField) {
    check(name, field, Claim::Gradient);
}

fn monotone(name: &str, field: &impl MonotoneField) {
    check(name, field, Claim::Monotone);
}

fn main() -> Result<(), NetworkError> {
    let mut source = ParameterSource::new(&Device::flex(), 1).with_dtype(FloatDType::F64);
    let (cascade, convex_cascade) = (
        GradNetCConfig::new(DIM).with_width(12),
        MGradNetCConfig::new(DIM).with_width(12),
    );
    let softmax = MGradNetSoftmaxConfig::new(DIM).with_width(12);
    let free = cascade.init_from(&mut source)?;
    let convex = convex_cascade.init_from(&mut source)?;
    let (first, second) = (
        softmax.init_from(&mut source)?,
        softmax.init_from(&mut source)?,
    );

    let fields = vec![free.clone(), cascade.init_from(&mut source)?];
    gradient(
        "Rem. 2: c_1 f_1 + c_2 f_2",
        &Combination::<GradNetC, Free>::new(fields, &source),
    );
    let fields = vec![convex.clone(), convex_cascade.init_from(&mut source)?];
    monotone(
        "Rem. 6: the same with c >= 0",
        &Combination::<MGradNetC, NonNegative>::new(fields, &source),
    );
    monotone(
        "Rem. 6: f + g of two kinds",
        &Sum::new(convex.clone(), first.clone()),
    );
    let difference = Difference::new(first, second);
    gradient("Thm. 2: f - g, scaled softmax", &difference);
    monotone("Rem. 3: L x - f(x)", &SmoothComplement::new(free.clone()));
    monotone(
        "Rem. 5: f(x) + x/2",
        &StronglyMonotone::new(convex.clone(), 0.5),
    );

    let tanh = ScalarFunction::Tanh;
    let gamma = FreeTransformation::new(4, tanh, &mut source);
    gradient(
        "Thm. 5: gamma(F + beta) f",
        &Transformed::new(free.clone(), gamma, &source),
    );
    let gamma = SoftplusTransformation::new(4, tanh, &mut source);
    let ridges = MGradNetConfig::new(DIM)
        .with_width(12)
        .init_from(&mut source)?;
    let once = Transformed::new(ridges, gamma.clone(), &source);
    monotone("Thm. 6: the same, monotone", &once);
    monotone("Thm. 6, twice", &Transformed::new(once, gamma, &source));

    let neural = MGradNetNeuralConfig::new(DIM)
        .with_width(12)
        .init_from(&mut source)?;
    monotone("Rem. 4: scalar networks as units", &neural);
    let sigma = NeuralCascadedActivation::<NonNegative>::new([2, 12, 4], DIM, tanh, &mut source);
    monotone(
        "Cor. 8.1: a cascade of those",
        &TiedNetwork::new([12, DIM], sigma, &mut source),
    );

    gradient(
        "Rem. 2: f + A x, A symmetric",
        &WithLinearPart::symmetric(free, &source),
    );
    let positive = WithLinearPart::positive(convex, DIM, 1.0, &mut source);
    monotone(
        "Rem. 6: f + V'V x, around a centre",
        &Centred::new(positive, 0.5, &source),
    );
    Ok(())
}
