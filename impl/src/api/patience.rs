//! Streams that do not wait for ever until what is written to them is taken.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// How many bytes a slow reader must take for its time to begin anew.
const LEAST_TAKEN: usize = 16 * 1024;

/// A stream that fails when what is written to it is not taken, so that nobody holds a connection, and what an answer
/// holds, by not reading it.
pub(super) struct Impatient<S> {
    stream: S,
    within: Duration,
    /// Since the stream was first full: the end of its patience.
    until: Option<Pin<Box<Sleep>>>,
    /// And how many bytes it has taken since.
    taken: usize,
}

impl<S> Impatient<S> {
    /// A stream that waits so long for 16 KiB to be taken.
    pub(super) fn new(stream: S, within: Duration) -> Self {
        Self { stream, within, until: None, taken: 0 }
    }

    /// What came of an attempt to write.
    fn written(
        &mut self,
        context: &mut Context<'_>,
        attempt: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        match attempt {
            Poll::Ready(Ok(bytes)) => {
                self.taken += bytes;
                if self.taken >= LEAST_TAKEN {
                    self.until = None;
                }
                attempt
            }
            Poll::Ready(Err(_)) => attempt,
            Poll::Pending => {
                if self.until.is_none() {
                    self.taken = 0;
                }
                let within = self.within;
                let until = self.until.get_or_insert_with(|| Box::pin(sleep(within)));
                ready!(until.as_mut().poll(context));
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Impatient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Impatient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let attempt = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.written(context, attempt)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let attempt = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.written(context, attempt)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// All that there was to write was written.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.until = None;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

    use super::*;

    const WITHIN: Duration = Duration::from_secs(1);

    /// A stream with room for so many bytes, and its reader.
    fn stream(room: usize) -> (Impatient<DuplexStream>, DuplexStream) {
        let (near, far) = duplex(room);
        (Impatient::new(near, WITHIN), far)
    }

    #[tokio::test]
    async fn who_reads_nothing_is_given_up() {
        let (mut near, _far) = stream(64);
        let written = near.write_all(&[0; 65]).await;
        assert_eq!(written.map_err(|error| error.kind()), Err(io::ErrorKind::TimedOut));
    }

    #[tokio::test]
    async fn who_reads_a_byte_now_and_then_is_given_up() {
        let (mut near, mut far) = stream(64);
        let reader = tokio::spawn(async move {
            while far.read_u8().await.is_ok() {
                sleep(WITHIN / 20).await;
            }
        });
        let written = near.write_all(&[0; LEAST_TAKEN]).await;
        assert_eq!(written.map_err(|error| error.kind()), Err(io::ErrorKind::TimedOut));
        reader.abort();
    }

    #[tokio::test]
    async fn who_reads_slowly_gets_all_of_it_however_long_it_takes() {
        const PARTS: u32 = 6;
        let (mut near, mut far) = stream(LEAST_TAKEN);
        let reader = tokio::spawn(async move {
            let mut buffer = vec![0; LEAST_TAKEN];
            for _ in 0..PARTS {
                sleep(WITHIN / 4).await;
                far.read_exact(&mut buffer).await.unwrap();
            }
        });
        near.write_all(&vec![0; PARTS as usize * LEAST_TAKEN]).await.unwrap();
        near.flush().await.unwrap();
        reader.await.unwrap();
    }

    #[tokio::test]
    async fn a_pause_between_answers_is_nobodys_slowness() {
        let (mut near, mut far) = stream(64);
        for _ in 0..2 {
            let write = async {
                near.write_all(&[0; 65]).await.unwrap();
                near.flush().await.unwrap();
            };
            let read = async {
                sleep(WITHIN / 4).await;
                far.read_exact(&mut [0; 65]).await.unwrap();
            };
            tokio::join!(write, read);
            sleep(WITHIN).await;
        }
    }
}
