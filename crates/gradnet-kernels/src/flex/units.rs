//! The activation of some of a shell's hidden units, whichever it is.

use super::hidden::Order;
use super::{cascade, softmax_modules};
use crate::vectors::{Element, Lanes};
use crate::{Cascade, FusedActivation, SoftmaxModules};

/// Which activation a shell has.
pub(super) type Kind = FusedActivation<(), ()>;

/// The activation of some hidden units, with parameters of its own.
pub(super) struct Units<E> {
    kind: Kind,
    count: usize,
    parameters: Vec<Vec<E>>,
}

impl<E: Element> Units<E> {
    /// `count` units, with parameters in the order of its inputs.
    pub(super) fn new(kind: Kind, count: usize, parameters: Vec<Vec<E>>) -> Self {
        Self {
            kind,
            count,
            parameters,
        }
    }

    fn slices(&self) -> impl Iterator<Item = &[E]> {
        self.parameters.iter().map(Vec::as_slice)
    }

    fn cascade(&self, kind: Cascade<()>) -> cascade::Parameters<'_, E> {
        cascade::Parameters {
            hidden: self.count,
            cascade: kind.of(self.slices()),
        }
    }

    fn softmax_modules(&self, kind: SoftmaxModules<()>) -> softmax_modules::Parameters<'_, E> {
        softmax_modules::Parameters {
            bias: &self.parameters[0],
            modules: kind.of(self.slices().skip(1)),
        }
    }

    /// The values, and what [`Units::differentiate`] needs of them if it is to come.
    pub(super) fn evaluate<L: Lanes<Element = E>>(
        &self,
        lanes: L,
        z: &[E],
        keep: bool,
    ) -> (Vec<E>, Vec<E>) {
        match self.kind {
            Kind::Cascade(kind) => cascade::evaluate(lanes, z, &self.cascade(kind), keep),
            Kind::SoftmaxModules(kind) => {
                softmax_modules::evaluate(lanes, z, &self.softmax_modules(kind), keep)
            }
        }
    }

    /// Turns the gradient of the values into that of z, and returns those of the parameters.
    pub(super) fn differentiate<L: Lanes<Element = E>>(
        &self,
        lanes: L,
        z: &[E],
        kept: &[E],
        gradient: &mut [E],
    ) -> Vec<Vec<E>> {
        match self.kind {
            Kind::Cascade(kind) => {
                let p = self.cascade(kind);
                cascade::differentiate(lanes, z, kept, gradient, &p).into_list()
            }
            Kind::SoftmaxModules(kind) => {
                let p = self.softmax_modules(kind);
                let found = softmax_modules::differentiate(lanes, z, kept, gradient, &p);
                let mut parameters = vec![found.bias];
                parameters.extend(found.modules.into_list());
                parameters
            }
        }
    }
}

/// How the hidden vectors of an activation lie: a cascade's parameters differ from unit to unit, and its units lie
/// along the lanes; a module's are its own and its sums go over its units, so that the batch lies along the lanes.
pub(super) fn order(kind: Kind) -> Order {
    match kind {
        Kind::Cascade(_) => Order::Rows,
        Kind::SoftmaxModules(_) => Order::Units,
    }
}
