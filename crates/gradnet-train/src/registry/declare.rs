//! Makes of the list of networks, in `networks.rs`, its entries, the settings by name and the network of any kind.

/// Evaluates to `Some(potential)` or `None`, and fails to compile where the claim or the potential of an
/// entry is not what the types say.
macro_rules! network_potential {
    (closed, $network:expr, $x:expr) => {
        Some(Potential::potential($network, $x))
    };
    (unknown, $network:expr, $x:expr) => {{
        let _ = ($network, $x);
        None
    }};
}

macro_rules! has_potential {
    (closed) => {
        true
    };
    (unknown) => {
        false
    };
}

/// A function that only compiles if the type carries the claimed guarantee.
macro_rules! assert_claim {
    (None, $type:ty) => {
        const _: fn() = || {
            fn carries<N: VectorField>() {}
            carries::<$type>();
        };
    };
    (Gradient, $type:ty) => {
        const _: fn() = || {
            fn carries<N: GradientField>() {}
            carries::<$type>();
        };
    };
    (Monotone, $type:ty) => {
        const _: fn() = || {
            fn carries<N: MonotoneField>() {}
            carries::<$type>();
        };
    };
}

macro_rules! networks {
    ($(
        $variant:ident $name:literal: $settings:ty => $config:ident,
        $claim:ident, potential $potential:ident,
        $title:literal, $reference:literal, $summary:literal;
    )*) => {
        $(assert_claim!($claim, Built<network::$config>);)*

        const ENTRIES: &[Entry] = &[$(Entry {
            name: $name,
            title: $title,
            reference: $reference,
            claim: Claim::$claim,
            potential: has_potential!($potential),
            summary: $summary,
        }),*];

        /// The settings of a registered network, by name.
        ///
        /// Serialized as an externally tagged table: `[network.mgradnet_c] width = 7`.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
        pub enum NetworkConfig {
            $(
                #[doc = concat!($title, ": ", $summary)]
                #[serde(rename = $name)]
                $variant($settings),
            )*
        }

        /// A registered network by itself, without what a task puts around it.
        #[derive(Module, Debug)]
        #[allow(clippy::large_enum_variant)] // a run holds one network, never a collection of them
        pub enum Registered {
            $(
                #[doc = $title]
                $variant(Built<network::$config>),
            )*
        }

        impl NetworkConfig {
            /// The default settings of the network with this name, without a size.
            ///
            /// # Errors
            /// [`RegistryError::UnknownNetwork`], with the names there are.
            pub fn from_name(name: &str) -> Result<Self, RegistryError> {
                match name {
                    $($name => Ok(Self::$variant(<$settings>::default())),)*
                    _ => Err(RegistryError::UnknownNetwork {
                        name: name.into(),
                        known: ENTRIES.iter().map(|entry| entry.name).collect(),
                    }),
                }
            }

            /// The name of the network.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => $name,)*
                }
            }

            /// The size as given, if it is given once.
            pub fn size(&self) -> Option<Size> {
                let sizes = match self {
                    $(Self::$variant(settings) => settings.sizes(),)*
                };
                match sizes {
                    (Some(width), None) => Some(Size::Width(width)),
                    (None, Some(budget)) => Some(Size::Parameters(budget)),
                    _ => None,
                }
            }

            /// The same settings with another size.
            pub fn with_size(self, size: Size) -> Self {
                match self {
                    $(Self::$variant(settings) => Self::$variant(settings.with_size(size)),)*
                }
            }

            /// The settings with the width they lead to in dimension `dim`.
            ///
            /// # Errors
            /// [`RegistryError`] naming the setting, its value and what it must be.
            pub fn resolve(&self, dim: usize) -> Result<Self, RegistryError> {
                Ok(match self {
                    $(Self::$variant(settings) => {
                        let (_, width) = Describes::<network::$config>::resolve(settings, dim)?;
                        Self::$variant(settings.clone().with_size(Size::Width(width)))
                    })*
                })
            }

            /// The number of parameters in dimension `dim`.
            ///
            /// # Errors
            /// As [`resolve`](Self::resolve).
            pub fn parameter_count(&self, dim: usize) -> Result<usize, RegistryError> {
                match self {
                    $(Self::$variant(settings) => {
                        Ok(Describes::<network::$config>::resolve(settings, dim)?.0.num_params())
                    })*
                }
            }

            /// Builds the network with initial values from `source`.
            ///
            /// # Errors
            /// As [`resolve`](Self::resolve).
            pub fn init(
                &self,
                dim: usize,
                source: &mut ParameterSource,
            ) -> Result<Network, RegistryError> {
                match self {
                    $(Self::$variant(settings) => {
                        let (config, _) = Describes::<network::$config>::resolve(settings, dim)?;
                        Ok(Registered::$variant(config.build(source)).into())
                    })*
                }
            }
        }

        impl Registered {
            /// The name of the network.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => $name,)*
                }
            }

            /// The potential, `[batch, dim] -> [batch]`, where it can be evaluated.
            pub fn potential(&self, x: Tensor<2>) -> Option<Tensor<1>> {
                match self {
                    $(Self::$variant(network) => network_potential!($potential, network, x),)*
                }
            }
        }

        impl Laplacian for Registered {
            fn laplacian(&self, x: Tensor<2>) -> Tensor<1> {
                match self {
                    $(Self::$variant(network) => network.laplacian(x),)*
                }
            }

            fn trace(&self) -> Trace {
                match self {
                    $(Self::$variant(network) => network.trace(),)*
                }
            }
        }

        impl VectorField for Registered {
            fn dim(&self) -> usize {
                match self {
                    $(Self::$variant(network) => network.dim(),)*
                }
            }

            fn forward(&self, x: Tensor<2>) -> Tensor<2> {
                match self {
                    $(Self::$variant(network) => network.forward(x),)*
                }
            }

            fn jacobian_vector(&self, x: Tensor<2>, v: Tensor<2>) -> Tensor<2> {
                match self {
                    $(Self::$variant(network) => network.jacobian_vector(x, v),)*
                }
            }

            fn dense_jacobian(&self) -> Option<DenseJacobian> {
                match self {
                    $(Self::$variant(network) => network.dense_jacobian(),)*
                }
            }
        }
    };
}
