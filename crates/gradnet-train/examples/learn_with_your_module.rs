//! A Burn module of your own, a gradient network between other layers, learns a task.
//!
//! `cargo run --release --example learn_with_your_module`

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use gradnet_core::VectorField;
use gradnet_core::network::{MGradNetM, MGradNetMConfig};
use gradnet_train::experiment::TrainConfig;
use gradnet_train::task::{Regression, regression::FormulaPairs};
use gradnet_train::training::Learner;

/// `f(x) = s g(s x)`, the gradient of `G(s x)`, with g an mGradNet-M and s learned.
#[derive(Module, Debug)]
struct Scaled {
    field: MGradNetM,
    scale: Param<Tensor<2>>,
}

impl VectorField for Scaled {
    fn dim(&self) -> usize {
        self.field.dim()
    }
    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let s = self.scale.val();
        self.field.forward(x * s.clone()) * s
    }
    fn jacobian_vector(&self, x: Tensor<2>, v: Tensor<2>) -> Tensor<2> {
        let s = self.scale.val();
        self.field.jacobian_vector(x * s.clone(), v * s.clone()) * s
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let device = Device::flex().autodiff();
    device.seed(0);
    let field = Scaled {
        field: MGradNetMConfig::new(2).with_width(16).init(&device),
        scale: Param::from_tensor(Tensor::ones([1, 1], &device)),
    };
    let train = TrainConfig::default();
    let pairs = FormulaPairs::named("quartic_polynomial", &train, &device)?;
    let rows = Learner::fit(field, Regression::new(pairs), &train).scores();
    let (error, linear) = (&rows["field"]["mse_db"], &rows["linear"]["mse_db"]);
    println!("{error:.1}; the best linear map: {linear:.1}");
    Ok(())
}
