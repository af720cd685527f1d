//! Points at which a test stops the server, or makes it fail: there with the feature `fault-points` alone, which no build for
//! use has. Without it a point is nothing at all.
//!
//! A point is `fault_point!("its name")` in a function that may fail. Which one is armed, and for what, stands in the file
//! that the variable `FAULT_POINT_FILE` names, as two words: `stop NAME` stops the process there as SIGSTOP does, so that a
//! test can kill it, cut what it is connected to, or let it go on late; `fail NAME` fails there as if the database were not
//! available; `hold NAME` holds whoever comes there, and nobody else, until the file is there again; `panic NAME TEXT` panics
//! there with a message that has the text in it. Whoever comes first takes the file away, so a point is passed freely until
//! it is armed again.

/// Nothing.
#[cfg(not(feature = "fault-points"))]
macro_rules! fault_point {
    ($name:literal, else $otherwise:expr) => {};
    ($name:literal $(, $into:path)?) => {};
}

/// Stops or fails here if this point is armed; the fault is turned into the function's own by the second argument, if there
/// is one. A function that cannot fail returns what stands behind `else`.
#[cfg(feature = "fault-points")]
macro_rules! fault_point {
    ($name:literal, else $otherwise:expr) => {
        if $crate::fault_points::pass($name).is_err() {
            return $otherwise;
        }
    };
    ($name:literal) => {
        $crate::fault_points::pass($name)?
    };
    ($name:literal, $into:path) => {
        $crate::fault_points::pass($name).map_err($into)?
    };
}

#[cfg(feature = "fault-points")]
pub(crate) use armed::pass;

#[cfg(feature = "fault-points")]
mod armed {
    use std::ffi::OsString;
    use std::fs;
    use std::process::Command;
    use std::sync::LazyLock;
    use std::time::Duration;

    use crate::store::StoreFault;

    #[allow(clippy::disallowed_methods, reason = "no setting of the server: no server for use reads it")]
    static FILE: LazyLock<Option<OsString>> = LazyLock::new(|| std::env::var_os("FAULT_POINT_FILE"));

    /// How long it may take until a signal has stopped all threads, on a machine that has much to do.
    const UNTIL_STOPPED: Duration = Duration::from_millis(250);

    /// Passes a point, which only what is armed for it keeps from being so.
    pub(crate) fn pass(point: &str) -> Result<(), StoreFault> {
        let Some(file) = &*FILE else { return Ok(()) };
        let Ok(armed) = fs::read_to_string(file) else { return Ok(()) };
        let Some((what, rest)) = armed.trim().split_once(' ') else { return Ok(()) };
        let (at, text) = rest.split_once(' ').unwrap_or((rest, ""));
        if at != point || fs::remove_file(file).is_err() {
            return Ok(());
        }
        match what {
            "hold" => {
                tokio::task::block_in_place(|| {
                    while fs::remove_file(file).is_err() {
                        std::thread::sleep(Duration::from_millis(2));
                    }
                });
                Ok(())
            }
            // Put together when it happens, as a message is that has something of the request in it.
            "panic" => panic!("a test panics at {point} with {text}"),
            "fail" => Err(StoreFault::Unavailable(format!("a test ends it at {point}"))),
            _ => {
                // The standard library knows no signal but the one that cannot be heard, and unsafe code is not allowed.
                let stopped = Command::new("kill").args(["-STOP", &std::process::id().to_string()]).status();
                match stopped {
                    Ok(status) if status.success() => {
                        // A thread runs on until another one that the signal came to has had its turn.
                        std::thread::sleep(UNTIL_STOPPED);
                        Ok(())
                    }
                    _ => Err(StoreFault::Refused("there is no program `kill`".to_owned())),
                }
            }
        }
    }
}
