//! Takes audit events into the tree and signs its head, every second while there is something new.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::pause;
use crate::domain::audit::log::{Integrator, LogFault, Step};
use crate::domain::audit::watching::TreeWatch;
use crate::domain::log::Checkpoint;
use crate::store::Store;

/// From the beginning of one round to the beginning of the next.
const INTERVAL: Duration = Duration::from_secs(1);

/// How long one round may take before it is given up; what it has committed stays.
const PATIENCE: Duration = Duration::from_secs(30);

/// A file that keeps the last checkpoint, away from the database, so that a database that has gone back is recognised
/// after a restart, too.
#[derive(Clone, Debug)]
pub struct CheckpointFile(PathBuf);

impl CheckpointFile {
    /// A file at this path; it need not be there.
    pub fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// What is in it, if it is there: the signed note of a checkpoint, unless somebody was at it.
    pub async fn read(&self) -> io::Result<Option<String>> {
        match tokio::fs::read_to_string(&self.0).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            other => other.map(Some),
        }
    }

    /// Moves the file, which holds this checkpoint of a log that was closed, beside; says where to.
    pub async fn set_aside(&self, closed: &Checkpoint) -> io::Result<PathBuf> {
        let mut beside = self.0.clone().into_os_string();
        beside.push(format!(".closed-at-{}", closed.size));
        let beside = PathBuf::from(beside);
        tokio::fs::rename(&self.0, &beside).await?;
        Ok(beside)
    }

    /// Puts a checkpoint in place of the one that is there, whole or not at all.
    pub async fn write(&self, note: String) -> io::Result<()> {
        let path = self.0.clone();
        let written = tokio::task::spawn_blocking(move || {
            let mut beside = path.clone().into_os_string();
            beside.push(".new");
            let beside = Path::new(&beside);
            let mut file = std::fs::File::create(beside)?;
            io::Write::write_all(&mut file, note.as_bytes())?;
            file.sync_all()?;
            fault_point!("keep.beside", io::Error::other);
            std::fs::rename(beside, &path)?;
            fault_point!("keep.kept", io::Error::other);
            Ok(())
        });
        written.await.map_err(io::Error::other)?
    }
}

/// Integrates until shutdown, and once more then. A round that fails is logged, and the next begins anew; of the others the
/// watch is told.
pub async fn run<S: Store>(
    mut integrator: Integrator<S>,
    file: Option<CheckpointFile>,
    watch: Arc<TreeWatch>,
    mut shutdown: watch::Receiver<bool>,
) {
    let mut written = None;
    loop {
        let began = Instant::now();
        match tokio::time::timeout(PATIENCE, round(&mut integrator, file.as_ref(), &mut written)).await {
            Ok(Ok((step, signed))) => watch.note(step, signed),
            Ok(Err(fault)) => tracing::error!(%fault, "audit events could not be taken into the tree"),
            Err(_) => tracing::error!("taking audit events into the tree took too long"),
        }
        if *shutdown.borrow() {
            return;
        }
        // Shutdown ends the wait, and the round after it is the last.
        pause(began + INTERVAL, &mut shutdown).await;
    }
}

/// Takes everything that is pending into the tree, or as much as the time until the next round allows, signs its head, and
/// keeps the checkpoint in the file, if it is new. Answers the last step, and how many events are signed.
async fn round<S: Store>(
    integrator: &mut Integrator<S>,
    file: Option<&CheckpointFile>,
    written: &mut Option<u64>,
) -> Result<(Step, u64), LogFault> {
    let began = Instant::now();
    let mut step = integrator.step().await?;
    while let Step::Integrated(events) = step {
        tracing::debug!(events, "audit events are in the tree");
        // However many follow, what is in the tree is signed.
        if began.elapsed() >= INTERVAL {
            break;
        }
        step = integrator.step().await?;
    }
    integrator.sign().await?;
    let Some((kept, note)) = integrator.kept()? else { return Ok((step, 0)) };
    let size = kept.size;
    if let Some(file) = file
        && *written != Some(size)
    {
        match file.write(note).await {
            Ok(()) => *written = Some(size),
            Err(error) => {
                tracing::error!(%error, "the checkpoint of the audit log could not be kept in its file")
            }
        }
    }
    Ok((step, size))
}
