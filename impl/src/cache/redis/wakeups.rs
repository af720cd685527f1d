//! Tells other nodes that the change feed has grown, and hears it from them, so that they read it at once and not within a
//! second. A message says nothing else and is believed in nothing: who forges one makes a node read once more, and who loses
//! all of them leaves the nodes with what they read by themselves.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_core::Stream;
use redis::RedisResult;
use redis::aio::PubSubStream;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::{AGAIN_AFTER, CONNECTED_WITHIN, Redis, too_slow};
use crate::domain::feed::Feed;

/// How long nothing may be heard before the connection is made anew: one that was lost without a word sounds like silence.
const SILENT_FOR: Duration = Duration::from_secs(30);

/// Tells and hears until shutdown.
pub async fn run(redis: Redis, feed: Arc<Feed>, mut shutdown: watch::Receiver<bool>) {
    tokio::select! {
        () = tell(&redis, &feed) => {}
        () = hear(&redis, &feed) => {}
        // An error means that whoever would say so is gone, which is the end as well.
        _ = shutdown.wait_for(|stop| *stop) => {}
    }
}

/// Changes that are committed while one message is under way share the next.
async fn tell(redis: &Redis, feed: &Feed) {
    loop {
        feed.grows().await;
        tell_once(redis).await;
    }
}

/// Tells the nodes that the feed has grown.
pub async fn tell_once(redis: &Redis) {
    let channel = channel(redis);
    let told = redis.ask(async |mut connection| {
        redis::cmd("PUBLISH").arg(channel).arg("").query_async::<()>(&mut connection).await
    });
    // Without Redis they read it by themselves.
    let _ = told.await;
}

async fn hear(redis: &Redis, feed: &Feed) {
    loop {
        match timeout(CONNECTED_WITHIN, subscribe(redis)).await.unwrap_or_else(|_| Err(too_slow())) {
            Ok(mut messages) => {
                // Whatever was said until now was said to nobody.
                feed.wake();
                let mut next = async || poll_fn(|context| Pin::new(&mut messages).poll_next(context)).await;
                while let Ok(Some(_)) = timeout(SILENT_FOR, next()).await {
                    feed.wake();
                }
            }
            Err(error) => tracing::debug!(%error, "what other nodes say through Redis cannot be heard"),
        }
        sleep(AGAIN_AFTER).await;
    }
}

async fn subscribe(redis: &Redis) -> RedisResult<PubSubStream> {
    let mut subscription = redis.0.client.get_async_pubsub().await?;
    subscription.subscribe(channel(redis)).await?;
    Ok(subscription.into_on_message())
}

fn channel(redis: &Redis) -> String {
    redis.key("feed", "grows")
}
