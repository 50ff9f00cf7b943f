//! The pair of Gauss' rule of 7 nodes and Kronrod's of 15 on `[-1, 1]`: two values of an integral
//! from one set of nodes.
//!
//! Kronrod's rule is exact for polynomials up to degree 22, Gauss' up to 13; the difference
//! estimates the error (R. Piessens et al., "QUADPACK", 1983, whose digits these are).

/// Nodes of Kronrod's rule; every second one is a node of Gauss' rule.
pub(super) const NODES: [f64; 15] = [
    -0.991_455_371_120_812_6,
    -0.949_107_912_342_758_5,
    -0.864_864_423_359_769_1,
    -0.741_531_185_599_394_4,
    -0.586_087_235_467_691_1,
    -0.405_845_151_377_397_2,
    -0.207_784_955_007_898_5,
    0.0,
    0.207_784_955_007_898_5,
    0.405_845_151_377_397_2,
    0.586_087_235_467_691_1,
    0.741_531_185_599_394_4,
    0.864_864_423_359_769_1,
    0.949_107_912_342_758_5,
    0.991_455_371_120_812_6,
];

const KRONROD: [f64; 8] = [
    0.022_935_322_010_529_224,
    0.063_092_092_629_978_56,
    0.104_790_010_322_250_18,
    0.140_653_259_715_525_92,
    0.169_004_726_639_267_9,
    0.190_350_578_064_785_4,
    0.204_432_940_075_298_9,
    0.209_482_141_084_727_82,
];

const GAUSS: [f64; 4] = [
    0.129_484_966_168_869_7,
    0.279_705_391_489_276_64,
    0.381_830_050_505_118_9,
    0.417_959_183_673_469_4,
];

/// The weight of a node in Kronrod's rule.
pub(super) fn kronrod(node: usize) -> f64 {
    KRONROD[node.min(14 - node)]
}

/// The weight of a node in Gauss' rule, 0 if it is none of its nodes.
pub(super) fn gauss(node: usize) -> f64 {
    match node.min(14 - node) {
        inner if inner % 2 == 1 => GAUSS[inner / 2],
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_rules_are_exact_up_to_their_degrees_and_not_beyond() {
        let error = |rule: fn(usize) -> f64, degree: i32| {
            let sum: f64 = (0..15)
                .map(|node| rule(node) * NODES[node].powi(degree))
                .sum();
            (sum - if degree % 2 == 0 {
                2.0 / f64::from(degree + 1)
            } else {
                0.0
            })
            .abs()
        };
        for degree in 0..=23 {
            assert!(error(kronrod, degree) < 1e-15, "{degree}");
        }
        for degree in 0..=13 {
            assert!(error(gauss, degree) < 1e-15, "{degree}");
        }
        assert!(error(kronrod, 24) > 1e-9);
        assert!(error(gauss, 14) > 1e-5);
    }
}
