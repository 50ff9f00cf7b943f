//! What a camera does to an image: linear operators with their adjoints, and a bound of their norm that is proved.

use burn::tensor::{DType, Tensor, TensorData};

use super::symbol::Symbol;
use crate::kernel::{patch_products, patch_sums};

/// A linear operator `H` on images of one size or of any.
pub trait ImageOperator: Send + Sync {
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

    /// A bound of the smallest eigenvalue of `HᵀH` from below; 0 where none is known, as where `H` is not injective.
    fn modulus(&self) -> f64 {
        0.0
    }
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

    fn modulus(&self) -> f64 {
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
        patch_products(x, self.kernel.clone()).reshape(shape)
    }

    fn adjoint(&self, y: Tensor<3>) -> Tensor<3> {
        let shape = y.dims();
        let rows = y.reshape([shape.iter().product::<usize>(), 1]);
        patch_sums(rows, self.kernel.clone(), shape)
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

    fn modulus(&self) -> f64 {
        smallest_square(&self.weights)
    }
}

/// The square of the smallest entry.
fn smallest_square(weights: &Tensor<3>) -> f64 {
    let weights = weights.clone().cast(DType::F64);
    weights.abs().min().into_scalar::<f64>().powi(2)
}

/// The square of the largest entry.
fn largest_square(weights: &Tensor<3>) -> f64 {
    let weights = weights.clone().cast(DType::F64);
    weights.abs().max().into_scalar::<f64>().powi(2)
}

/// Some frequencies of the image, as a magnetic resonance scanner measures them: the unitary discrete Fourier transform
/// times a mask.
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

    fn modulus(&self) -> f64 {
        smallest_square(&self.weights)
    }
}

/// Any linear operator, as the matrix of its values on the pixels row after row.
///
/// A measurement is a row of numbers, `[batch, 1, measured]`.
#[derive(Clone, Debug)]
pub struct Matrix {
    /// `[1, measured, pixels]`.
    matrix: Tensor<3>,
    size: [usize; 2],
    norm_squared: f64,
}

impl Matrix {
    /// The operator with this matrix, `[measured, height · width]`, on images of `[height, width]`.
    ///
    /// # Panics
    /// If the matrix has another number of columns.
    pub fn new(matrix: Tensor<2>, [height, width]: [usize; 2]) -> Self {
        let [_, pixels] = matrix.dims();
        assert_eq!(pixels, height * width, "a column for each pixel");
        let norm_squared = norm_squared(matrix.clone().cast(DType::F64));
        Self {
            matrix: matrix.unsqueeze(),
            size: [height, width],
            norm_squared,
        }
    }
}

/// Sides up to which a Gram matrix is multiplied with itself.
const GRAM: usize = 2048;

/// Squarings of the Gram matrix: the bound is then above the norm by a factor of `n^(1/64)` at most, 1.13 for the
/// largest.
const SQUARINGS: i32 = 5;

/// A bound of `‖A‖²` from above: `‖G^p‖_F^(1/p)` with the Gram matrix `G` of the shorter side and `p = 2^SQUARINGS`,
/// since the Frobenius norm is at least the largest eigenvalue. For large matrices the product of the largest absolute
/// row and column sums, or the sum of squares.
fn norm_squared(matrix: Tensor<2>) -> f64 {
    let [rows, columns] = matrix.dims();
    let length = |x: &Tensor<2>| x.clone().square().sum().into_scalar::<f64>().sqrt();
    if rows.min(columns) > GRAM {
        let largest = |sums: Tensor<2>| sums.max().into_scalar::<f64>();
        let down = largest(matrix.clone().abs().sum_dim(0));
        let right = largest(matrix.clone().abs().sum_dim(1));
        return (down * right).min(length(&matrix).powi(2));
    }
    let turned = matrix.clone().transpose();
    let mut gram = match rows <= columns {
        true => matrix.matmul(turned),
        false => turned.matmul(matrix),
    };
    // ‖G^p‖^(1/p), each power divided by its length before it is squared.
    let mut logarithm = 0.0;
    for squaring in 0..=SQUARINGS {
        let size = length(&gram);
        if size == 0.0 {
            return 0.0;
        }
        logarithm += size.ln() / f64::from(1 << squaring);
        if squaring < SQUARINGS {
            gram = gram / size;
            gram = gram.clone().matmul(gram);
        }
    }
    logarithm.exp() * (1.0 + ROUNDINGS)
}

/// What the roundings of these products may take away, relatively.
const ROUNDINGS: f64 = 1e-9;

impl ImageOperator for Matrix {
    fn measure(&self, x: Tensor<3>) -> Tensor<3> {
        let [batch, height, width] = x.dims();
        let x = x.reshape([batch, 1, height * width]);
        x.matmul(self.matrix.clone().swap_dims(1, 2))
    }

    fn adjoint(&self, y: Tensor<3>) -> Tensor<3> {
        let ([batch, ..], [height, width]) = (y.dims(), self.size);
        let x = y.matmul(self.matrix.clone());
        x.reshape([batch, height, width])
    }

    /// From powers of the Gram matrix.
    fn norm_squared(&self) -> f64 {
        self.norm_squared
    }
}
