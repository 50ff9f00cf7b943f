//! The hidden units of networks on patches, for people to look at: a filter each, and the function it goes through.

use burn::module::Param;
use burn::tensor::{Tensor, TensorData};
use gradnet_core::TiedNetwork;
use gradnet_core::activation::{Activation, SplineActivation, SplineShape};
use gradnet_core::analysis::host;
use gradnet_core::image::patch_side;

use super::{Network, Registered};

/// Points of a curve.
const POINTS: usize = 41;

/// The units of a network on patches.
#[derive(Clone, Debug, PartialEq)]
pub struct PatchUnits {
    /// Rows and columns of a filter.
    pub side: usize,
    /// The filters without their means, each row after row.
    pub filters: Vec<Vec<f64>>,
    /// The functions of the units; `None` where units share one.
    pub curves: Option<Curves>,
}

/// Functions on equidistant points of `[-range, range]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Curves {
    /// Where the points end.
    pub range: f64,
    /// The values of each function.
    pub values: Vec<Vec<f64>>,
}

impl Curves {
    /// The largest absolute value of all, or 1 if all are 0.
    pub fn largest(&self) -> f64 {
        let values = self.values.iter().flatten();
        match values.fold(0.0_f64, |most, value| most.max(value.abs())) {
            0.0 => 1.0,
            most => most,
        }
    }
}

impl Network {
    /// The units, of a network on patches.
    pub fn patch_units(&self) -> Option<PatchUnits> {
        let (weight, curves) = match &self.registered {
            Registered::PatchRidge(network) => with_splines(&network.field),
            Registered::PatchWeakRidge(network) => with_splines(&network.field),
            Registered::PatchGradNetC(network) => {
                let (weight, cascade) = (&network.field.weight, &network.field.activation);
                // What a patch of length 1 responds with at most.
                let lengths = host(weight.val().square().sum_dim(1).sqrt());
                let range = lengths.into_iter().fold(f64::MIN_POSITIVE, f64::max);
                (
                    weight,
                    Some(curves(cascade, weight.dims()[0], range, &weight.val())),
                )
            }
            Registered::PatchMGradNetM(network) => (&network.field.weight, None),
            Registered::PatchGradNetM(network) => (&network.field.weight, None),
            _ => return None,
        };
        let [_, dim] = weight.dims();
        let filters = host(weight.val() - weight.val().mean_dim(1));
        Some(PatchUnits {
            side: patch_side(dim)?,
            filters: filters.chunks(dim).map(<[f64]>::to_vec).collect(),
            curves,
        })
    }
}

/// The weights of ridges, and their splines on all of their knots.
fn with_splines<S: SplineShape>(
    ridges: &TiedNetwork<SplineActivation<S>>,
) -> (&Param<Tensor<2>>, Option<Curves>) {
    let (weight, splines) = (&ridges.weight, &ridges.activation);
    let [units, _] = weight.dims();
    let curves = curves(splines, units, splines.range(), &weight.val());
    (weight, Some(curves))
}

/// The functions of `units` units, on the device of `like`.
fn curves(activation: &impl Activation, units: usize, range: f64, like: &Tensor<2>) -> Curves {
    let point = |place: usize| range * (2.0 * place as f64 / (POINTS - 1) as f64 - 1.0);
    let rows = (0..POINTS).flat_map(|place| vec![point(place); units]);
    let data = TensorData::new(rows.collect::<Vec<f64>>(), [POINTS, units]);
    let z = Tensor::from_data(data, (&like.device(), like.dtype()));
    let rows = host(activation.forward(z));
    let values = (0..units).map(|unit| rows.iter().skip(unit).step_by(units).copied().collect());
    Curves {
        range,
        values: values.collect(),
    }
}
