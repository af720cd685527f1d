//! A disk of a test's own, to be filled: a file system in memory, as small as the test says. Making one takes a right that
//! root has.

use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// What fills it.
const FILLING: &str = "filling";

/// A small file system. It goes, with what is on it, when this is dropped.
pub struct Disk {
    folder: PathBuf,
}

impl Disk {
    /// One with room for so many MiB.
    ///
    /// # Errors
    /// When this process may not make any; what the system says.
    pub fn of(mebibytes: u32) -> Result<Self, String> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("agentidp_disk_{}_{number}", std::process::id()));
        std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
        let disk = Self { folder };
        let size = format!("size={mebibytes}m,mode=0755");
        let mount =
            Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(&disk.folder).output();
        let mount = mount.map_err(|error| error.to_string())?;
        match mount.status.success() {
            true => Ok(disk),
            false => Err(String::from_utf8_lossy(&mount.stderr).trim().to_owned()),
        }
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Takes all the room that is left.
    ///
    /// # Panics
    /// When the disk fails otherwise than by being full.
    pub fn fill(&self) {
        let mut filling = File::options()
            .create(true)
            .append(true)
            .open(self.folder.join(FILLING))
            .expect("a file can be made on the disk");
        for block in [1024 * 1024, 4096, 1] {
            loop {
                match filling.write(&vec![0; block]) {
                    Ok(1..) => {}
                    Ok(0) => break,
                    Err(error) if error.kind() == ErrorKind::StorageFull => break,
                    Err(error) => panic!("the disk cannot be filled: {error}"),
                }
            }
        }
    }

    /// Gives that room back.
    ///
    /// # Panics
    /// When it was not taken.
    pub fn free(&self) {
        std::fs::remove_file(self.folder.join(FILLING)).expect("the disk was filled");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // It is not there if it could not be made.
        let _ = Command::new("umount").arg("--lazy").arg(&self.folder).output();
        let _ = std::fs::remove_dir(&self.folder);
    }
}
