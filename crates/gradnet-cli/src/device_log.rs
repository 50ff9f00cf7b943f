//! Hears CubeCL's warnings of work that a device did not do; nothing else that is logged is of interest here.

use gradnet_train::device_check;
use log::{Level, LevelFilter, Log, Metadata, Record};

struct DeviceLog;

impl Log for DeviceLog {
    fn enabled(&self, metadata: &Metadata) -> bool {
        metadata.level() <= Level::Warn && metadata.target().starts_with(device_check::LOG_TARGET)
    }

    fn log(&self, record: &Record) {
        if self.enabled(record.metadata()) {
            device_check::note(record.args().to_string());
        }
    }

    fn flush(&self) {}
}

/// Listens from now on.
pub fn listen() {
    // A second call changes nothing: the first logger stays.
    if log::set_logger(&DeviceLog).is_ok() {
        log::set_max_level(LevelFilter::Warn);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_of_the_devices_thread_makes_its_numbers_unusable_and_others_do_not() {
        listen();
        log::warn!(target: "wgpu_core", "a warning of another kind");
        log::info!(target: "cubecl_common::device::handle", "no warning");
        assert!(device_check::lost().is_ok());
        log::warn!(target: "cubecl_common::device::handle::channel", "no kernel fits");
        let lost = device_check::lost().unwrap_err();
        assert!(lost.to_string().contains("no kernel fits"), "{lost}");
        assert!(lost.remedy().contains("cache"), "{}", lost.remedy());
    }
}
