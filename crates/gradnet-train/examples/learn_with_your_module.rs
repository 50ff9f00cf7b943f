//! A Burn module of your own, a gradient network between other layers, learns a task.
//!
//! `cargo run --release --example learn_with_your_module`

use std::{error::Error, ops::ControlFlow, sync::Arc};

use burn::module::{Module, Param};
use burn::nn::Initializer;
use burn::tensor::{Device, Tensor};
use gradnet_core::VectorField;
use gradnet_core::network::{MGradNetM, MGradNetMConfig};
use gradnet_train::experiment::{EvaluationConfig, TrainConfig};
use gradnet_train::targets::TargetConfig;
use gradnet_train::task::{Regression, Task, regression::FormulaPairs};
use gradnet_train::training::{Learner, optimizer};

/// `f(x) = s g(s x)`, the gradient of `G(s x)`, with g an mGradNet-M and s learned.
#[derive(Module, Debug)]
struct Scaled {
    field: MGradNetM,
    scale: Param<Tensor<1>>,
}

impl VectorField for Scaled {
    fn dim(&self) -> usize {
        self.field.dim()
    }
    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let scale = self.scale.val().unsqueeze::<2>();
        self.field.forward(x * scale.clone()) * scale
    }
    fn jacobian_vector(&self, x: Tensor<2>, v: Tensor<2>) -> Tensor<2> {
        let scale = self.scale.val().unsqueeze::<2>();
        let product = self
            .field
            .jacobian_vector(x * scale.clone(), v * scale.clone());
        product * scale
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let device = Device::flex().autodiff();
    device.seed(0);
    let field = Scaled {
        field: MGradNetMConfig::new(2).with_width(16).init(&device),
        scale: Initializer::Ones.init([1], &device),
    };

    let target = TargetConfig::from_name("quartic_polynomial").ok_or("no such target")?;
    let train = TrainConfig::default();
    let pairs = FormulaPairs::new(&target, &train, &EvaluationConfig::default(), 0, &device)?;
    let task = Arc::new(Regression::new(pairs));

    let mut learner = Learner::new(field, task.clone(), optimizer(&train));
    let _ = learner.learn(
        0..2_000,
        2_000,
        |_| 0.01,
        |_| ControlFlow::<()>::Continue(()),
    );
    let error = task.evaluate(&learner.into_field().valid())["mse_db"].value;
    let rows = <Regression<_> as Task<Scaled>>::baselines(&task);
    let (zero, linear) = (rows["zero"]["mse_db"].value, rows["linear"]["mse_db"].value);
    println!("{error:.1} dB; predicting zero {zero:.1} dB, the best linear map {linear:.1} dB");
    assert!(error < linear, "it has learned more than the slope");
    Ok(())
}
