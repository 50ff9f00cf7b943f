//! A temperature that rises as a run goes on:
//!
//! ```text
//! t(p) = from · (to / from)^min(1, p / over),      p the part of the run that is done
//! ```
//!
//! A softmax over pieces is a choice of one piece once its temperature is high, and then only the chosen piece learns.
//! Starting low lets every piece learn on all of the data before they divide it. The temperature is a function of the
//! progress alone, so that a run that is resumed has the temperatures of one that never stopped.

use serde::{Deserialize, Serialize};

/// A geometric rise of the temperature.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct TemperatureSchedule {
    /// The temperature at the start.
    #[cfg_attr(feature = "schema", schemars(extend("exclusiveMinimum" = 0.0)))]
    pub from: f64,
    /// The temperature at the end.
    #[cfg_attr(feature = "schema", schemars(extend("exclusiveMinimum" = 0.0)))]
    pub to: f64,
    /// The part of the run over which it rises, in (0, 1]; afterwards it stays.
    #[cfg_attr(feature = "schema", schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 1.0)))]
    pub over: f64,
}

impl Default for TemperatureSchedule {
    fn default() -> Self {
        Self {
            from: 5.0,
            to: 300.0,
            over: 0.9,
        }
    }
}

impl TemperatureSchedule {
    /// The temperature when the part `progress` of a run is done; below 0 as at 0, above 1 as at 1.
    ///
    /// ```
    /// use gradnet_core::activation::TemperatureSchedule;
    ///
    /// let schedule = TemperatureSchedule { from: 2.0, to: 200.0, over: 0.5 };
    /// assert!((schedule.at(0.25) - 20.0).abs() < 1e-12);
    /// assert!((schedule.at(0.75) - 200.0).abs() < 1e-12);
    /// ```
    pub fn at(&self, progress: f64) -> f64 {
        let part = (progress / self.over).clamp(0.0, 1.0);
        self.from * (self.to / self.from).powf(part)
    }
}
