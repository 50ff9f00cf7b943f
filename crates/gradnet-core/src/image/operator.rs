//! What a camera does to an image: linear operators with their adjoints, and a bound of their norm that is proved.

use burn::tensor::{DType, Tensor, TensorData};

use super::patches::{products, sums};
use super::symbol::Symbol;

/// A linear operator `H` on images of one size or of any.
pub trait ImageOperator {
    /// The measurement `H x`.
    ///
    /// # Shapes
    /// `x`: `[batch, height, width]`; returns `[batch, rows, columns]` of the measurement.
    fn measure(&self, x: Tensor<3>) -> Tensor<3>;

    /// The adjoint `Hᵀ y`: `⟨H x, y⟩ = ⟨x, Hᵀ y⟩`.
    ///
    /// # Shapes
    /// `y`: the shape of a measurement; returns `[batch, height, width]`.
    fn adjoint(&self, y: Tensor<3>) -> Tensor<3>;

    /// A bound of `‖H‖²` from above.
    fn norm_squared(&self) -> f64;
}

/// Nothing at all: `H x = x`, for denoising.
#[derive(Clone, Copy, Debug)]
pub struct Identity;

impl ImageOperator for Identity {
    fn measure(&self, x: Tensor<3>) -> Tensor<3> {
        x
    }

    fn adjoint(&self, y: Tensor<3>) -> Tensor<3> {
        y
    }

    fn norm_squared(&self) -> f64 {
        1.0
    }
}

/// Convolution with a kernel, the image continued by zeros and the result cut to its size.
///
/// `(H x)_p = Σ_o h_o x_(p − o)` with the offset `o = 0` at `[rows / 2, columns / 2]` of the kernel, which is what
/// `scipy.signal.convolve2d(x, h, mode="same")` computes for odd sizes.
#[derive(Clone, Debug)]
pub struct Blur {
    /// The kernel turned around and padded to a square, `[1, side²]`.
    kernel: Tensor<2>,
    norm_squared: f64,
}

impl Blur {
    /// The blur by `kernel`, rows after rows of a `rows × columns` table, on the device and in the precision of `like`.
    ///
    /// # Panics
    /// If the kernel is empty or has another number of values.
    pub fn new(kernel: &[f64], [rows, columns]: [usize; 2], like: &Tensor<3>) -> Self {
        assert!(rows * columns > 0, "a kernel has a pixel");
        assert_eq!(
            kernel.len(),
            rows * columns,
            "a kernel of {rows} x {columns}"
        );
        let reach = (rows / 2).max(columns / 2);
        let side = 2 * reach + 1;
        let mut turned = vec![0.0; side * side];
        for (index, value) in kernel.iter().enumerate() {
            let down = reach + rows / 2 - index / columns;
            let right = reach + columns / 2 - index % columns;
            turned[down * side + right] = *value;
        }
        let norm_squared = Symbol::new(&turned, &[1.0], side).supremum_bound();
        let data = TensorData::new(turned, [1, side * side]);
        Self {
            kernel: Tensor::from_data(data, (&like.device(), like.dtype())),
            norm_squared,
        }
    }
}

impl ImageOperator for Blur {
    fn measure(&self, x: Tensor<3>) -> Tensor<3> {
        let shape = x.dims();
        products(x, self.kernel.clone()).reshape(shape)
    }

    fn adjoint(&self, y: Tensor<3>) -> Tensor<3> {
        let shape = y.dims();
        let rows = y.reshape([shape.iter().product::<usize>(), 1]);
        sums(rows, self.kernel.clone(), shape)
    }

    /// `sup_ω |ĥ(ω)|²`, by [`Symbol`].
    fn norm_squared(&self) -> f64 {
        self.norm_squared
    }
}

/// Each pixel times a number: 1 where it is known and 0 where it is not, for inpainting.
#[derive(Clone, Debug)]
pub struct Mask {
    weights: Tensor<3>,
}

impl Mask {
    /// The mask with these weights, `[height, width]`.
    pub fn new(weights: Tensor<2>) -> Self {
        Self {
            weights: weights.unsqueeze(),
        }
    }
}

impl ImageOperator for Mask {
    fn measure(&self, x: Tensor<3>) -> Tensor<3> {
        x * self.weights.clone()
    }

    fn adjoint(&self, y: Tensor<3>) -> Tensor<3> {
        y * self.weights.clone()
    }

    fn norm_squared(&self) -> f64 {
        largest_square(&self.weights)
    }
}

/// The square of the largest entry.
fn largest_square(weights: &Tensor<3>) -> f64 {
    let weights = weights.clone().cast(DType::F64);
    weights.abs().max().into_scalar::<f64>().powi(2)
}

/// Some frequencies of the image, as a magnetic resonance scanner measures them: the unitary discrete Fourier transform times a mask.
///
/// A measurement is real, `[batch, 2 height, width]`: the real parts of all frequencies above their imaginary parts, as
/// `numpy.fft.fft2(x, norm="ortho")` orders them, zero where the mask is.
#[derive(Clone, Debug)]
pub struct Fourier {
    weights: Tensor<3>,
    /// Cosines and sines of the transforms along the columns and the rows, `[1, n, n]` each.
    down: [Tensor<3>; 2],
    right: [Tensor<3>; 2],
}

/// `cos` and `sin` of `2π i j/n`, over `√n`.
fn rotations(size: usize, like: &Tensor<2>) -> [Tensor<3>; 2] {
    let angle = |index: usize| {
        let turns = (index / size) * (index % size) % size;
        std::f64::consts::TAU * turns as f64 / size as f64
    };
    let scale = (size as f64).sqrt().recip();
    let table = |value: fn(f64) -> f64| {
        let values = (0..size * size).map(|index| value(angle(index)) * scale);
        let data = TensorData::new(values.collect::<Vec<f64>>(), [1, size, size]);
        Tensor::from_data(data, (&like.device(), like.dtype()))
    };
    [table(f64::cos), table(f64::sin)]
}

impl Fourier {
    /// The frequencies with these weights, `[height, width]`, the constant one first.
    pub fn new(weights: Tensor<2>) -> Self {
        let [height, width] = weights.dims();
        Self {
            down: rotations(height, &weights),
            right: rotations(width, &weights),
            weights: weights.unsqueeze(),
        }
    }
}

impl ImageOperator for Fourier {
    fn measure(&self, x: Tensor<3>) -> Tensor<3> {
        let [cos, sin] = self.down.clone();
        let (real, imaginary) = (cos.matmul(x.clone()), -sin.matmul(x));
        let [cos, sin] = self.right.clone();
        let whole = real.clone().matmul(cos.clone()) + imaginary.clone().matmul(sin.clone());
        let other = imaginary.matmul(cos) - real.matmul(sin);
        Tensor::cat(
            vec![whole * self.weights.clone(), other * self.weights.clone()],
            1,
        )
    }

    fn adjoint(&self, y: Tensor<3>) -> Tensor<3> {
        let [_, height, _] = self.weights.dims();
        let real = y.clone().narrow(1, 0, height) * self.weights.clone();
        let imaginary = y.narrow(1, height, height) * self.weights.clone();
        let [cos, sin] = self.down.clone();
        let whole = cos.clone().matmul(real.clone()) - sin.clone().matmul(imaginary.clone());
        let other = sin.matmul(real) + cos.matmul(imaginary);
        let [cos, sin] = self.right.clone();
        whole.matmul(cos) - other.matmul(sin)
    }

    fn norm_squared(&self) -> f64 {
        largest_square(&self.weights)
    }
}
