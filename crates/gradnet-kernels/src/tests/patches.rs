//! Patches of images against kernels, held against convolutions in f64 and Burn's derivatives of them.

use burn::tensor::{Device, Tensor};

use super::{Draw, Found, Input, assert_close, numbers, places, reference_device, tensor};
use crate::{overlaps, patch_products, patch_sums, patches, portable};

/// A batch, a height and a width, the side of a patch and the number of kernels: images smaller than a patch, one pixel
/// wide, of several strips and of several vectors.
const SHAPES: [[usize; 5]; 6] = [
    [1, 1, 1, 3, 2],
    [2, 3, 5, 7, 3],
    [3, 9, 1, 3, 1],
    [2, 6, 40, 7, 2],
    [1, 101, 6, 3, 2],
    [1, 30, 67, 3, 2],
];

/// The places with kernels of their own: elsewhere patches are Burn's convolutions.
fn fused_places() -> impl Iterator<Item = super::Place> {
    let places = places().into_iter();
    places.filter(|place| place.name.starts_with("flex"))
}

fn input(name: &'static str, shape: &[usize]) -> Input {
    let count: usize = shape.iter().product();
    let numbers = Draw(3 + count as u64).uniform(count, -1.0, 1.0);
    (name, numbers, shape.to_vec())
}

/// The output and the gradients of its product with fixed numbers.
fn differentiated<const D: usize, const E: usize>(
    output: Tensor<D>,
    first: Tensor<E>,
    kernels: Option<Tensor<2>>,
) -> Found {
    let weights = input("weights", &output.dims());
    let weights = tensor::<D>(&weights, &output.device(), output.dtype()).detach();
    let gradients = (output.clone() * weights).sum().backward();
    let mut found = vec![("output".to_owned(), numbers(output.inner()))];
    found.push(("first".to_owned(), numbers(first.grad(&gradients).unwrap())));
    if let Some(kernels) = kernels {
        let kernels = kernels.grad(&gradients).unwrap();
        found.push(("kernels".to_owned(), numbers(kernels)));
    }
    found
}

#[test]
fn products_with_patches_and_their_sums_are_convolutions() {
    let (device, dtype) = reference_device();
    for [batch, height, width, side, count] in SHAPES {
        let size = [batch, height, width];
        let x = input("x", &size);
        let rows = input("rows", &[batch * height * width, count]);
        let kernels = input("kernels", &[count, side * side]);
        let products = |device: &Device, dtype, run: fn(Tensor<3>, Tensor<2>) -> Tensor<2>| {
            let (x, kernels) = (tensor(&x, device, dtype), tensor(&kernels, device, dtype));
            let output = run(x.clone(), kernels.clone());
            differentiated(output, x, Some(kernels))
        };
        let sums = |device: &Device, dtype, fused: bool| {
            let run = if fused {
                patch_sums
            } else {
                portable::patch_sums
            };
            let (z, kernels) = (
                tensor(&rows, device, dtype),
                tensor(&kernels, device, dtype),
            );
            let output = run(z.clone(), kernels.clone(), size);
            differentiated(output, z, Some(kernels))
        };
        let of_products = products(&device, dtype, portable::patch_products);
        let of_sums = sums(&device, dtype, false);
        for place in fused_places() {
            let case = format!("{}: {size:?}, {count} of {side}", place.name);
            let found = products(&place.device, place.dtype, patch_products);
            assert_close(&found, &of_products, place.tolerance, &case);
            let found = sums(&place.device, place.dtype, true);
            assert_close(&found, &of_sums, place.tolerance, &case);
        }
    }
}

#[test]
fn patches_and_overlaps_are_convolutions_with_unit_vectors() {
    let (device, dtype) = reference_device();
    for [batch, height, width, side, _] in SHAPES {
        let size = [batch, height, width];
        let x = input("x", &size);
        let rows = input("rows", &[batch * height * width, side * side]);
        let units = || Tensor::<2>::eye(side * side, &device).cast(dtype);
        let first = tensor(&x, &device, dtype);
        let output = portable::patch_products(first.clone(), units());
        let of_patches = differentiated(output, first, None);
        let first = tensor(&rows, &device, dtype);
        let output = portable::patch_sums(first.clone(), units(), size);
        let of_overlaps = differentiated(output, first, None);
        for place in fused_places() {
            let case = format!("{}: {size:?}, {side}", place.name);
            let first = tensor(&x, &place.device, place.dtype);
            let found = differentiated(patches(first.clone(), side), first, None);
            assert_close(&found, &of_patches, place.tolerance, &case);
            let first = tensor(&rows, &place.device, place.dtype);
            let found = differentiated(overlaps(first.clone(), size), first, None);
            assert_close(&found, &of_overlaps, place.tolerance, &case);
        }
    }
}
