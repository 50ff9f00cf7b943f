//! Orbits: where they start and how they go on.

use differential_equations::prelude::{ExplicitRungeKutta, IVP};
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

use super::State;

/// States along an orbit.
#[derive(Clone, Debug, PartialEq)]
pub struct Orbit {
    /// Times, in the units in which G and the masses are 1.
    pub times: Vec<f64>,
    /// The state at each.
    pub states: Vec<State>,
}

/// Why an orbit has no end.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("the orbit could not be integrated to t = {end}: {reason}")]
pub struct OrbitError {
    /// The last time asked for.
    pub end: f64,
    /// What the solver met.
    pub reason: String,
}

/// `count` times from 0 to `end`, evenly spaced, both ends included.
pub fn evenly(count: usize, end: f64) -> Vec<f64> {
    let last = (count - 1) as f64;
    (0..count).map(|i| end * i as f64 / last).collect()
}

/// A random nearly circular start, as in the experiment of the Hamiltonian networks.
///
/// Body 1 is uniform on `[0.5, 1.5]^2`, at distance `r` from the common centre, its velocity the circular one
/// (counter-clockwise, speed `1/(2 sqrt r)`) times `1 + 0.05 N(0, 1)`; body 2 mirrors it, so that the centre rests at
/// the origin.
pub fn initial_state(random: &mut impl Rng) -> State {
    let (x, y) = (random.random_range(0.5..1.5), random.random_range(0.5..1.5));
    let noise: f64 = random.sample(StandardNormal);
    let speed = (1.0 + 0.05 * noise) / (2.0 * f64::hypot(x, y).powf(1.5));
    mirrored([x, y, -y * speed, x * speed])
}

/// The state whose body 1 has the given position and momentum and whose body 2 mirrors it.
fn mirrored([x, y, px, py]: [f64; 4]) -> State {
    [x, -x, y, -y, px, -px, py, -py]
}

/// Integrates `dx/dt = rate(x)` from `start` and gives the states at `times`, which begin at 0 and ascend.
///
/// Dormand and Prince's pair of orders 5 and 4 with relative tolerance 1e-9 and absolute tolerance 1e-6 where `rate` is
/// a network in 32 bits (`exact = false`), as Greydanus et al. integrate; of order 8 with 1e-12 both where it is the
/// exact one.
///
/// # Errors
/// If the steps become too small or too many: a learned field may have made a singularity of its own.
pub fn integrate(
    rate: impl Fn(&State) -> State,
    start: State,
    times: &[f64],
    exact: bool,
) -> Result<Orbit, OrbitError> {
    let end = times.last().copied().unwrap_or(0.0);
    let problem = IVP::ode_from_fn(
        |_t: f64, x: &State, slope: &mut State| *slope = rate(x),
        0.0,
        end,
        start,
    )
    .t_eval(times);
    const STEPS: usize = 100_000;
    let solution = if exact {
        // States between two steps are interpolated: short steps keep that as exact as the steps are.
        let method = ExplicitRungeKutta::dop853()
            .rtol(1e-12)
            .atol(1e-12)
            .h_max(0.1);
        problem.method(method.max_steps(STEPS)).solve()
    } else {
        let method = ExplicitRungeKutta::dopri5().rtol(1e-9).atol(1e-6);
        problem.method(method.max_steps(STEPS)).solve()
    };
    let failed = |reason: String| OrbitError { end, reason };
    let solution = solution.map_err(|error| {
        use differential_equations::prelude::Error;
        failed(match error {
            Error::MaxSteps { t, .. } => format!("more than {STEPS} steps at t = {t:.3}"),
            Error::StepSize { t, .. } => format!("the step became too small at t = {t:.3}"),
            Error::Stiffness { t, .. } => format!("the field is stiff at t = {t:.3}"),
            _ => "the solver refused the problem".into(),
        })
    })?;
    if solution.y.len() != times.len() || solution.y.iter().flatten().any(|x| !x.is_finite()) {
        return Err(failed("the states left the finite numbers".into()));
    }
    Ok(Orbit {
        times: solution.t,
        states: solution.y,
    })
}

/// The 15 starts that Table III is scored on: numpy's legacy seeds 0 to 14 in the generator of Greydanus et al.
pub fn evaluation_states() -> Vec<State> {
    EVALUATION.iter().map(|body| mirrored(*body)).collect()
}

/// `[x, y, px, py]` of body 1.
const EVALUATION: [[f64; 4]; 15] = [
    [
        1.0488135039273248,
        1.2151893663724196,
        -0.3133762445806374,
        0.2704707975740104,
    ],
    [
        0.917022004702574,
        1.220324493442158,
        -0.31498377235605,
        0.23669692112790097,
    ],
    [
        0.9359949021420038,
        0.5259262318278913,
        -0.21113286600975267,
        0.3757547623607219,
    ],
    [
        1.0507979025745755,
        1.2081478226181048,
        -0.2995833554030634,
        0.260565433807268,
    ],
    [
        1.4670298390136767,
        1.0472322491757224,
        -0.2056035813175981,
        0.2880226320745965,
    ],
    [
        0.7219931710897395,
        1.3707323061773764,
        -0.3986151869351928,
        0.20995889683410393,
    ],
    [
        1.3928601514360017,
        0.8319798053011772,
        -0.20348940892288217,
        0.3406720777619662,
    ],
    [
        0.5763082893739572,
        1.2799187922401147,
        -0.4173393858375798,
        0.1879151622732892,
    ],
    [
        1.3734294027918161,
        1.4685406628209319,
        -0.25870844335471677,
        0.24195297539213945,
    ],
    [
        0.5103741538857,
        1.0018745921487389,
        -0.3967117981806775,
        0.20209260711831567,
    ],
    [
        1.2713206432667459,
        0.5207519493594015,
        -0.17246041060603226,
        0.4210305509550557,
    ],
    [
        0.6802696888767692,
        0.5194752414876246,
        -0.3566921456952407,
        0.46709994162959384,
    ],
    [
        0.6541628423796724,
        1.2400496965154049,
        -0.3780175204251348,
        0.19941540756431295,
    ],
    [
        1.2777024105738202,
        0.7375412200349123,
        -0.20533891872785415,
        0.35572524533717836,
    ],
    [
        1.0139433437726901,
        1.2731650520792968,
        -0.3092438188373667,
        0.2462804890857673,
    ],
];
