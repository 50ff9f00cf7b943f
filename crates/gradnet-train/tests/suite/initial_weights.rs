//! A seed gives every registered network the same initial weights, today as in version 0.1.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, FloatDType, Tensor};
use gradnet_core::ParameterSource;
use gradnet_core::analysis::host;
use gradnet_train::registry::Size::{self, Parameters, Width};
use gradnet_train::registry::{Network, NetworkConfig, registry};

/// The number of parameters, their sum, and their sum weighed by their place.
#[derive(Default)]
struct Moments(usize, f64, f64);

impl ModuleVisitor for Moments {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        for value in host(param.val()) {
            self.0 += 1;
            self.1 += value;
            self.2 += value * self.0 as f64;
        }
    }
}

fn moments(network: &Network) -> Moments {
    let mut moments = Moments::default();
    network.visit(&mut moments);
    moments
}

/// Name, size, and the moments in dimension 4 from seed 7 in `f64`, as version 0.1 drew them; those of ridges on
/// patches, which are younger, as they are drawn now.
#[rustfmt::skip]
const DRAWN: &[(&str, Size, usize, f64, f64)] = &[
    ("mgradnet_c", Width(5), 124, 23.830652306692, 1617.823218549),
    ("mgradnet_c", Parameters(1000), 988, 167.593410119459, 59507.619959143),
    ("mgradnet_m", Width(5), 120, 2.143064836235, 430.402920227),
    ("mgradnet_m", Parameters(1000), 1000, 1.654590393498, 4239.311822872),
    ("gradnet_c", Width(5), 124, 3.830652306692, 727.823218549),
    ("gradnet_c", Parameters(1000), 988, 3.593410119457, 4977.619959143),
    ("gradnet_m", Width(5), 120, -0.633797354408, 134.123667908),
    ("gradnet_m", Parameters(1000), 1000, -1.122271797146, 1499.393842787),
    ("mgradnet_m_softplus", Width(5), 120, 2.143064836235, 430.402920227),
    ("mgradnet_m_softplus", Parameters(1000), 1000, 1.654590393498, 4239.311822872),
    ("mgradnet_m_sigmoid", Width(5), 116, -16.778172392351, -1730.404606142),
    ("mgradnet_m_sigmoid", Parameters(1000), 996, -25.764209325963, -23432.376422353),
    ("mgradnet_softmax", Width(5), 31, -0.031579113433, 20.739442148),
    ("mgradnet_softmax", Parameters(1000), 996, -4.498385693304, -1252.872618269),
    ("mgradnet", Width(5), 34, 1.708650441646, 59.625347882),
    ("mgradnet", Parameters(1000), 1000, 77.185852677878, 73212.358597318),
    ("gradnet", Width(5), 34, -0.791349558354, -20.374652118),
    ("gradnet", Parameters(1000), 1000, -5.814147322122, -2940.141402682),
    ("gradnet_difference", Width(5), 62, 0.293547398519, 70.495168445),
    ("gradnet_difference", Parameters(1000), 992, -4.856067068603, -1150.728402014),
    ("mgradnet_transformed", Width(5), 59, -18.170690868627, -698.422300144),
    ("mgradnet_transformed", Parameters(1000), 995, 64.822205032086, 58686.804233709),
    ("gradnet_transformed", Width(5), 59, -2.746397644029, -110.626607765),
    ("gradnet_transformed", Parameters(1000), 995, -2.639027065891, -285.825595062),
    ("mgradnet_neural", Width(5), 144, -96.609050658883, -4437.056208755),
    ("mgradnet_neural", Parameters(1000), 984, -602.304692518260, -153862.522471859),
    ("gradnet_neural", Width(5), 144, -4.935635622260, -554.309231924),
    ("gradnet_neural", Parameters(1000), 984, -9.962434018729, -7081.698483939),
    ("mgradnet_c_neural", Width(5), 174, -51.855730274030, -3648.303548492),
    ("mgradnet_c_neural", Parameters(1000), 990, -282.341719841608, -122734.598757788),
    ("gradnet_c_neural", Width(5), 174, -0.704840534863, 369.866063500),
    ("gradnet_c_neural", Parameters(1000), 990, -14.941804350375, -11373.418983302),
    ("mgradnet_quadratic", Width(5), 103, -3.704242982915, 72.571970269),
    ("mgradnet_quadratic", Parameters(1000), 988, 0.886154266106, 3225.235785002),
    ("mgradnet_c_linear", Width(5), 144, 24.109750243351, 1668.035840542),
    ("mgradnet_c_linear", Parameters(1000), 984, 165.062483485118, 57186.535825561),
    ("mgradnet_m_linear", Width(5), 140, 9.476686820712, 1386.434882410),
    ("mgradnet_m_linear", Parameters(1000), 1000, 4.879635906234, 7320.741093818),
    ("gradnet_c_linear", Width(5), 144, 5.830652306692, 1012.823218549),
    ("gradnet_c_linear", Parameters(1000), 984, 7.077252566315, 7235.832799806),
    ("gradnet_m_linear", Width(5), 140, 1.366202645592, 411.123667908),
    ("gradnet_m_linear", Parameters(1000), 1000, 0.312875632641, 2860.480659856),
    ("icnn", Width(5), 91, -59.404890239060, -2704.682194589),
    ("icnn", Parameters(1000), 994, -2509.275578825313, -1222807.561602585),
    ("icnn_quadratic", Width(5), 129, -58.834375482443, -3704.493191657),
    ("icnn_quadratic", Parameters(1000), 975, -1908.569959801294, -939836.015555552),
    ("icgn", Width(5), 25, -1.449911658347, -25.761770202),
    ("icgn", Parameters(1000), 1000, -5.578258130905, -3334.682618068),
    ("icgn_monte_carlo", Width(5), 25, -2.132488420135, -30.145707459),
    ("icgn_monte_carlo", Parameters(1000), 1000, -5.703428242545, -3161.612403680),
    ("crr", Width(5), 234, 1.559828414293, 1456.063520939),
    ("crr", Parameters(1000), 970, 0.448328484522, 3476.104167060),
    ("rr", Width(5), 234, 1.559828414293, 1456.063520939),
    ("rr", Parameters(1000), 970, 0.448328484522, 3476.104167060),
    ("patch_ridge", Width(5), 125, 32.462051471700, 2534.591596056),
    ("patch_ridge", Parameters(1000), 1000, 31.552803143592, 18849.721049088),
    ("patch_weak_ridge", Width(5), 525, -252.677884291047, -73201.367764086),
    ("patch_weak_ridge", Parameters(1000), 945, -455.824023501386, -230945.182714214),
    ("patch_mgradnet_m", Width(5), 120, 2.143064836235, 430.402920227),
    ("patch_mgradnet_m", Parameters(1000), 1000, 1.654590393498, 4239.311822872),
    ("patch_gradnet_m", Width(5), 120, -0.633797354408, 134.123667908),
    ("patch_gradnet_m", Parameters(1000), 1000, -1.122271797146, 1499.393842787),
    ("patch_gradnet_c", Width(5), 124, 3.830652306692, 727.823218549),
    ("patch_gradnet_c", Parameters(1000), 988, 3.593410119457, 4977.619959143),
    ("mlp", Width(5), 85, -4.005006438195, -187.647371783),
    ("mlp", Parameters(1000), 940, -6.864057356677, -2212.637483659),
    ("hamiltonian", Width(5), 60, -0.918548001892, 74.564353950),
    ("hamiltonian", Parameters(1000), 980, 0.708944025644, 922.979599777),
    ("baseline", Width(5), 75, -2.965453768149, -72.438482232),
    ("baseline", Parameters(1000), 999, 0.964892969111, 2722.070378781),
];

#[test]
fn a_seed_gives_the_initial_weights_of_version_0_1() {
    assert_eq!(DRAWN.len(), 2 * registry().len());
    let mut changed = Vec::new();
    for (name, size, count, sum, weighed) in DRAWN {
        let mut source = ParameterSource::new(&Device::flex(), 7).with_dtype(FloatDType::F64);
        let config = NetworkConfig::from_name(name).unwrap().with_size(*size);
        let Moments(values, found, by_place) = moments(&config.init(4, &mut source).unwrap());
        assert_eq!(values, *count, "{name}");
        let close = |found: f64, expected: f64, by: f64| (found - expected).abs() < by;
        if !(close(found, *sum, 1e-9) && close(by_place, *weighed, 1e-6)) {
            changed.push(format!("{name}, {size:?}: {found:.12}, {by_place:.9}"));
        }
    }
    assert!(changed.is_empty(), "{}", changed.join("\n"));
}
