//! Two vectors as one of twice the width.
//!
//! The layers of a cascade wait for each other: on one vector the processor idles most of the time. Vectors that do not
//! depend on each other, in turn, fill the gaps: doubled twice, the forward pass of a cascade ran twice as fast. The
//! backward pass waits for little, and needs the registers for its sums.

use std::mem::MaybeUninit;
use std::ops::{Add, Div, Mul, Neg, Sub};

use super::{Element, Kernel, Lanes, Vector};

/// The lanes of `L`, twice.
#[derive(Clone, Copy)]
pub(crate) struct Doubled<L>(L);

/// The vector of [`Doubled`].
#[derive(Clone, Copy)]
pub(crate) struct Pair<V>(V, V);

impl<L: Lanes> Doubled<L> {
    /// Twice the lanes of a token.
    #[inline(always)]
    pub(crate) fn new(lanes: L) -> Self {
        Self(lanes)
    }
}

/// Runs a kernel on doubled lanes in code compiled for the single ones.
struct Twice<K>(K);

impl<E: Element, K: Kernel<E>> Kernel<E> for Twice<K> {
    type Output = K::Output;

    #[inline(always)]
    fn run<L: Lanes<Element = E>>(self, lanes: L) -> K::Output {
        self.0.run(Doubled(lanes))
    }
}

impl<L: Lanes> Lanes for Doubled<L> {
    type Element = L::Element;
    type Vector = Pair<L::Vector>;
    const WIDTH: usize = 2 * L::WIDTH;

    #[inline(always)]
    fn run<K: Kernel<L::Element>>(self, kernel: K) -> K::Output {
        self.0.run(Twice(kernel))
    }

    #[inline(always)]
    fn splat(self, value: L::Element) -> Self::Vector {
        Pair(self.0.splat(value), self.0.splat(value))
    }

    #[inline(always)]
    fn load(self, from: &[L::Element]) -> Self::Vector {
        let from = &from[..Self::WIDTH];
        Pair(self.0.load(from), self.0.load(&from[L::WIDTH..]))
    }

    #[inline(always)]
    fn load_first(self, from: &[L::Element], count: usize) -> Self::Vector {
        if count >= Self::WIDTH {
            return self.load(from);
        }
        let (low, high) = from[..count].split_at(count.min(L::WIDTH));
        Pair(
            self.0.load_first(low, low.len()),
            self.0.load_first(high, high.len()),
        )
    }

    #[inline(always)]
    fn write(self, vector: Self::Vector, to: &mut [MaybeUninit<L::Element>]) {
        let to = &mut to[..Self::WIDTH];
        self.0.write(vector.0, to);
        self.0.write(vector.1, &mut to[L::WIDTH..]);
    }

    #[inline(always)]
    fn write_first(self, vector: Self::Vector, to: &mut [MaybeUninit<L::Element>], count: usize) {
        if count >= Self::WIDTH {
            return self.write(vector, to);
        }
        let (low, high) = to[..count].split_at_mut(count.min(L::WIDTH));
        let (in_low, in_high) = (low.len(), high.len());
        self.0.write_first(vector.0, low, in_low);
        self.0.write_first(vector.1, high, in_high);
    }

    #[inline(always)]
    fn turn(self, from: &[L::Element], to: &mut [MaybeUninit<L::Element>], steps: [usize; 2]) {
        for [row, column] in [[0, 0], [0, 1], [1, 0], [1, 1]].map(|at| at.map(|i| i * L::WIDTH)) {
            let from = &from[row * steps[0] + column..];
            self.0.turn(from, &mut to[column * steps[1] + row..], steps);
        }
    }
}

impl<V: Vector> Vector for Pair<V> {
    type Element = V::Element;

    #[inline(always)]
    fn mul_add(self, factor: Self, term: Self) -> Self {
        Pair(
            self.0.mul_add(factor.0, term.0),
            self.1.mul_add(factor.1, term.1),
        )
    }

    #[inline(always)]
    fn neg_mul_add(self, factor: Self, term: Self) -> Self {
        Pair(
            self.0.neg_mul_add(factor.0, term.0),
            self.1.neg_mul_add(factor.1, term.1),
        )
    }

    #[inline(always)]
    fn at_least(self, floor: Self) -> Self {
        Pair(self.0.at_least(floor.0), self.1.at_least(floor.1))
    }

    #[inline(always)]
    fn abs(self) -> Self {
        Pair(self.0.abs(), self.1.abs())
    }

    #[inline(always)]
    fn with_sign_of(self, other: Self) -> Self {
        Pair(self.0.with_sign_of(other.0), self.1.with_sign_of(other.1))
    }

    #[inline(always)]
    fn where_positive(self, test: Self) -> Self {
        Pair(self.0.where_positive(test.0), self.1.where_positive(test.1))
    }

    #[inline(always)]
    fn or_zero_below(self, least: Self) -> Self {
        Pair(self.0.or_zero_below(least.0), self.1.or_zero_below(least.1))
    }

    #[inline(always)]
    fn square_root(self) -> Self {
        Pair(self.0.square_root(), self.1.square_root())
    }

    #[inline(always)]
    fn over_root(self, square: Self, plus: Self) -> Self {
        Pair(
            self.0.over_root(square.0, plus.0),
            self.1.over_root(square.1, plus.1),
        )
    }

    #[inline(always)]
    fn power_of_two(self) -> Self {
        Pair(self.0.power_of_two(), self.1.power_of_two())
    }

    #[inline(always)]
    fn sum(self) -> V::Element {
        self.0.sum() + self.1.sum()
    }
}

macro_rules! lane_by_lane {
    ($trait:ident, $method:ident) => {
        impl<V: Vector> $trait for Pair<V> {
            type Output = Self;

            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                Pair(self.0.$method(other.0), self.1.$method(other.1))
            }
        }
    };
}

lane_by_lane!(Add, add);
lane_by_lane!(Sub, sub);
lane_by_lane!(Mul, mul);
lane_by_lane!(Div, div);

impl<V: Vector> Neg for Pair<V> {
    type Output = Self;

    #[inline(always)]
    fn neg(self) -> Self {
        Pair(-self.0, -self.1)
    }
}
