//! What this node knows of the change feed: whose records went stale, whose tokens are dead, and how fresh that
//! knowledge is. Kept up by `jobs/feed.rs`.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use tokio::sync::Notify;
use uuid::Uuid;

use super::agents::AgentId;
use super::callers::Principal;
use super::changes::{Change, ChangeKind, ChangesPage, Rev};
use super::refusal::{Answered, Refusal, TokenFlaw};
use crate::clock::Clock;

/// How old the last complete reading may be for this node to say yes.
pub const FRESH_FOR: Duration = Duration::from_secs(4);

/// How much longer than the longest token the feed remembers: for the delay of a reading and for clocks that differ.
const MARGIN: Duration = Duration::from_secs(10 * 60);

/// How many agents, and how many single tokens, are remembered at most.
const REMEMBERED: usize = 100_000;

/// Whether a token lives, as far as the feed knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenStanding {
    /// Nothing ended it.
    Alive,
    /// Its agent's tokens, or it alone, were ended after it was decided.
    Dead,
    /// It is older than what is remembered: the database must be asked, from its position on.
    Unknown,
}

/// The state of the feed on this node. One for each process, shared.
#[derive(Debug)]
pub struct Feed {
    clock: Clock,
    origin: Instant,
    /// Milliseconds after `origin` at which the last complete reading began, plus one; 0 before the first.
    read_at: AtomicU64,
    horizon: Duration,
    known: RwLock<Known>,
    /// Rings when this node has committed a change.
    grown: Notify,
    /// Rings when another node says that it has.
    woken: Notify,
}

#[derive(Debug, Default)]
struct Known {
    position: Rev,
    /// Agent → the position of its last change of any kind.
    changed: Remembered<AgentId>,
    /// Agent → the position at which its tokens were last ended.
    ended: Remembered<AgentId>,
    /// `jti` → the position of its revocation.
    revoked: Remembered<Uuid>,
    /// The position of the last change of the signing keys.
    keys: Rev,
}

/// The last position for each key, bounded in number and in age.
#[derive(Debug)]
struct Remembered<K> {
    last: HashMap<K, Rev>,
    by_position: BTreeMap<Rev, (K, DateTime<Utc>)>,
    /// The highest position that was forgotten for want of room, rather than for its age.
    crowded_out: Rev,
    /// The highest position that was forgotten for whatever reason.
    forgotten: Rev,
}

impl<K> Default for Remembered<K> {
    fn default() -> Self {
        Self {
            last: HashMap::new(),
            by_position: BTreeMap::new(),
            crowded_out: Rev::default(),
            forgotten: Rev::default(),
        }
    }
}

impl<K: Copy + Eq + std::hash::Hash> Remembered<K> {
    fn remember(&mut self, key: K, rev: Rev, until: DateTime<Utc>) {
        // A page that was read before a change was noted may be taken in after it: what is known does not go back.
        if self.last.get(&key).is_some_and(|known| *known >= rev) {
            return;
        }
        if let Some(earlier) = self.last.insert(key, rev) {
            self.by_position.remove(&earlier);
        }
        self.by_position.insert(rev, (key, until));
        while self.last.len() > REMEMBERED {
            let Some((rev, (key, _))) = self.by_position.pop_first() else { break };
            self.last.remove(&key);
            self.crowded_out = self.crowded_out.max(rev);
            self.forgotten = self.forgotten.max(rev);
        }
    }

    /// Forgets from the oldest position on, up to the first that must still be known.
    fn expire(&mut self, now: DateTime<Utc>) {
        while let Some(oldest) = self.by_position.first_entry().filter(|oldest| oldest.get().1 < now) {
            let (rev, (key, _)) = oldest.remove_entry();
            self.last.remove(&key);
            // A reading after a long sleep may have left out more than this already.
            self.forgotten = self.forgotten.max(rev);
        }
    }
}

impl Feed {
    /// A feed that knows nothing yet. `max_token_lifetime` is the longest that any living token may live, whatever
    /// configuration issued it: the end of [`super::tokens::LIFETIMES`], as configurations change.
    pub fn new(clock: Clock, max_token_lifetime: Duration) -> Self {
        let origin = clock.monotonic();
        Self {
            clock,
            origin,
            read_at: AtomicU64::new(0),
            horizon: max_token_lifetime + MARGIN,
            known: RwLock::default(),
            grown: Notify::new(),
            woken: Notify::new(),
        }
    }

    /// Whether the last complete reading is recent enough for this node to decide anything.
    pub fn fresh(&self) -> bool {
        self.age().is_some_and(|age| age <= FRESH_FOR)
    }

    /// Whether there was a complete reading since the start.
    pub fn is_loaded(&self) -> bool {
        self.read_at.load(Ordering::Acquire) > 0
    }

    /// How long ago the last complete reading began, if there was one.
    pub fn age(&self) -> Option<Duration> {
        let began = Duration::from_millis(self.read_at.load(Ordering::Acquire).checked_sub(1)?);
        Some(self.clock.monotonic().saturating_duration_since(self.origin).saturating_sub(began))
    }

    /// From when on changes matter: nothing before can concern a token that still lives.
    pub fn since(&self) -> DateTime<Utc> {
        self.clock.now() - self.horizon
    }

    /// The position up to which everything is known.
    pub fn position(&self) -> Rev {
        self.read(|known| known.position)
    }

    /// The position of the last change of the signing keys.
    pub fn keys_changed_at(&self) -> Rev {
        self.read(|known| known.keys)
    }

    /// Whether a record read at `rev` still says what the database says of the agent, as far as is known here.
    pub fn record_is_current(&self, agent_id: AgentId, rev: Rev) -> bool {
        self.read(|known| {
            let last = known.changed.last.get(&agent_id).copied().unwrap_or_default();
            last.max(known.changed.forgotten) <= rev
        })
    }

    /// The same of a record that came from outside of this process. One from beyond what is known here is not believed:
    /// a database that was restored from a backup gives its positions a second time.
    pub fn foreign_record_is_current(&self, agent_id: AgentId, rev: Rev) -> bool {
        rev <= self.position() && self.record_is_current(agent_id, rev)
    }

    /// Whether a token that was decided at `rev` lives on.
    pub fn token_standing(&self, agent_id: AgentId, token_id: Uuid, rev: Rev) -> TokenStanding {
        self.read(|known| {
            let ended = known.ended.last.get(&agent_id).is_some_and(|ended| *ended > rev);
            if ended || known.revoked.last.contains_key(&token_id) {
                TokenStanding::Dead
            } else if rev < known.ended.crowded_out || rev < known.revoked.crowded_out {
                TokenStanding::Unknown
            } else {
                TokenStanding::Alive
            }
        })
    }

    /// Judges a principal once more, where a change is made: between its authentication at the door and the change lies
    /// the time in which a body arrives.
    pub fn trusts(&self, principal: &Principal) -> Answered<()> {
        if !self.fresh() {
            return Err(Refusal::Stale);
        }
        if principal.expires_at <= self.clock.now() {
            return Err(Refusal::InvalidToken(TokenFlaw::Expired));
        }
        match self.token_standing(principal.agent_id, principal.token_id, principal.rev) {
            TokenStanding::Dead => Err(Refusal::InvalidToken(TokenFlaw::Ended)),
            // The door has asked the database about one that is too old to be remembered.
            TokenStanding::Alive | TokenStanding::Unknown => Ok(()),
        }
    }

    /// Takes in one page of a reading. Positions that it leaves out are those of changes that are too old to be told,
    /// and count as forgotten: nothing that was read before them is current.
    pub fn apply(&self, page: &ChangesPage) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let told = page
            .changes
            .iter()
            .rev()
            .zip(0..)
            .take_while(|(one, back)| one.rev.0 == page.complete_to.0 - back);
        let left_out = Rev(page.complete_to.0 - i64::try_from(told.count()).unwrap_or(i64::MAX));
        if left_out > known.position {
            known.changed.forgotten = known.changed.forgotten.max(left_out);
        }
        for change in &page.changes {
            known.apply(change, self.horizon);
        }
        known.position = known.position.max(page.complete_to);
    }

    /// Takes in changes that this node has just committed, the last of them at `last`, so that it acts on them at once
    /// and need not wait for its next reading, which will meet them again.
    pub fn note(&self, kinds: &[ChangeKind], last: Rev, at: DateTime<Utc>) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        for (back, kind) in (0..).zip(kinds.iter().rev()) {
            // The signing keys are reloaded by the reading that meets their change.
            if !matches!(kind, ChangeKind::KeysChanged) {
                known.apply(&Change { rev: Rev(last.0 - back), kind: kind.clone(), at }, self.horizon);
            }
        }
        self.grown.notify_one();
    }

    /// Comes back when this node has committed a change since it last did.
    pub async fn grows(&self) {
        self.grown.notified().await;
    }

    /// Has the feed read at once. That there is something new is no more than a rumour.
    pub fn wake(&self) {
        self.woken.notify_one();
    }

    /// Comes back when somebody has asked for a reading since it last did.
    pub async fn wakes(&self) {
        self.woken.notified().await;
    }

    /// Ends a complete reading that began at `began` on the monotonic clock: forgets what is too old to matter and
    /// stamps the rest as known.
    pub fn complete(&self, began: Instant) {
        let now = self.clock.now();
        {
            let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
            known.changed.expire(now);
            known.ended.expire(now);
            known.revoked.expire(now);
        }
        let stamp = began.saturating_duration_since(self.origin).as_millis();
        self.read_at.fetch_max(u64::try_from(stamp).unwrap_or(u64::MAX - 1) + 1, Ordering::AcqRel);
    }

    fn read<T>(&self, look: impl FnOnce(&Known) -> T) -> T {
        look(&self.known.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Known {
    fn apply(&mut self, change: &Change, horizon: Duration) {
        let until = change.at + horizon;
        match &change.kind {
            ChangeKind::AgentChanged(agent_id) | ChangeKind::CredentialChanged(agent_id, _) => {
                self.changed.remember(*agent_id, change.rev, until);
            }
            ChangeKind::AgentTokensEnded(agent_id) => {
                self.changed.remember(*agent_id, change.rev, until);
                self.ended.remember(*agent_id, change.rev, until);
            }
            ChangeKind::TokenRevoked { token_id, expires_at, .. } => {
                self.revoked.remember(*token_id, change.rev, *expires_at + MARGIN);
            }
            ChangeKind::KeysChanged => self.keys = change.rev,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIFETIME: Duration = Duration::from_secs(900);

    fn start() -> DateTime<Utc> {
        DateTime::from_timestamp_millis(1_794_000_000_000).unwrap()
    }

    fn agent(number: u128) -> AgentId {
        AgentId(Uuid::from_u128(number))
    }

    /// Whether a change ends a token that was decided at `rev`.
    fn change_ends_token(change: &Change, agent_id: AgentId, token_id: Uuid, rev: Rev) -> bool {
        match &change.kind {
            ChangeKind::AgentTokensEnded(ended) => *ended == agent_id && change.rev > rev,
            ChangeKind::TokenRevoked { token_id: revoked, .. } => *revoked == token_id,
            ChangeKind::AgentChanged(_) | ChangeKind::CredentialChanged(..) | ChangeKind::KeysChanged => {
                false
            }
        }
    }

    fn page(at: DateTime<Utc>, kinds: Vec<(i64, ChangeKind)>) -> ChangesPage {
        let complete_to = Rev(kinds.last().map_or(0, |(rev, _)| *rev));
        let changes = kinds.into_iter().map(|(rev, kind)| Change { rev: Rev(rev), kind, at }).collect();
        ChangesPage { changes, complete_to, at_head: true }
    }

    #[test]
    fn a_node_that_has_not_read_does_not_say_yes_and_one_that_stops_reading_falls_silent() {
        let clock = Clock::fixed(start());
        let feed = Feed::new(clock.clone(), LIFETIME);
        assert!(!feed.fresh() && !feed.is_loaded());
        feed.complete(clock.monotonic());
        assert!(feed.fresh() && feed.is_loaded());
        clock.advance(FRESH_FOR);
        assert!(feed.fresh());
        clock.advance(Duration::from_millis(1));
        assert!(!feed.fresh() && feed.is_loaded());
    }

    #[test]
    fn a_reading_is_as_old_as_its_beginning() {
        let clock = Clock::fixed(start());
        let feed = Feed::new(clock.clone(), LIFETIME);
        let began = clock.monotonic();
        clock.advance(Duration::from_secs(5));
        feed.complete(began);
        assert!(feed.is_loaded() && !feed.fresh());
    }

    #[test]
    fn ended_tokens_are_those_decided_before_and_no_others() {
        let feed = Feed::new(Clock::fixed(start()), LIFETIME);
        feed.apply(&page(start(), vec![(5, ChangeKind::AgentTokensEnded(agent(1)))]));
        let standing = |who, rev| feed.token_standing(agent(who), Uuid::nil(), Rev(rev));
        assert_eq!(standing(1, 4), TokenStanding::Dead);
        assert_eq!(standing(1, 5), TokenStanding::Alive);
        assert_eq!(standing(2, 4), TokenStanding::Alive);
        assert!(!feed.record_is_current(agent(1), Rev(4)) && feed.record_is_current(agent(1), Rev(5)));
    }

    #[test]
    fn a_single_revoked_token_is_dead_whatever_its_position() {
        let feed = Feed::new(Clock::fixed(start()), LIFETIME);
        let token_id = Uuid::from_u128(9);
        let revoked = ChangeKind::TokenRevoked { agent_id: agent(1), token_id, expires_at: start() };
        feed.apply(&page(start(), vec![(5, revoked)]));
        assert_eq!(feed.token_standing(agent(1), token_id, Rev(7)), TokenStanding::Dead);
        assert_eq!(feed.token_standing(agent(1), Uuid::nil(), Rev(1)), TokenStanding::Alive);
    }

    #[test]
    fn what_is_known_does_not_go_back_when_an_older_page_arrives_late() {
        let feed = Feed::new(Clock::fixed(start()), LIFETIME);
        let ended = ChangeKind::AgentTokensEnded(agent(1));
        feed.note(std::slice::from_ref(&ended), Rev(9), start());
        // A reading that began before: it ends below the change that was noted meanwhile.
        feed.apply(&page(start(), vec![(4, ended), (5, ChangeKind::AgentChanged(agent(1)))]));
        assert_eq!(feed.token_standing(agent(1), Uuid::nil(), Rev(8)), TokenStanding::Dead);
        assert!(!feed.record_is_current(agent(1), Rev(8)) && feed.record_is_current(agent(1), Rev(9)));
        assert_eq!(feed.position(), Rev(5), "what was noted is one change, and not all before it");
        feed.apply(&ChangesPage { complete_to: Rev(3), ..ChangesPage::default() });
        assert_eq!(feed.position(), Rev(5));
    }

    #[test]
    fn what_was_forgotten_for_its_age_makes_old_records_stale_but_no_token_doubtful() {
        let clock = Clock::fixed(start());
        let feed = Feed::new(clock.clone(), LIFETIME);
        feed.apply(&page(start(), vec![(5, ChangeKind::AgentTokensEnded(agent(1)))]));
        clock.advance(LIFETIME + MARGIN + Duration::from_millis(1));
        feed.complete(clock.monotonic());
        assert!(!feed.record_is_current(agent(1), Rev(4)));
        assert!(!feed.record_is_current(agent(2), Rev(4)), "it cannot tell whose change was forgotten");
        assert!(feed.record_is_current(agent(1), Rev(5)));
        assert_eq!(feed.token_standing(agent(1), Uuid::nil(), Rev(4)), TokenStanding::Alive);
    }

    #[test]
    fn what_a_reading_leaves_out_for_its_age_makes_old_records_stale() {
        let feed = Feed::new(Clock::fixed(start()), LIFETIME);
        let kinds = [(7, 1), (8, 2)].map(|(rev, who)| (rev, ChangeKind::AgentChanged(agent(who))));
        feed.apply(&page(start(), kinds.to_vec()));
        let current = |who, rev| feed.record_is_current(agent(who), Rev(rev));
        assert!(!current(3, 5), "the changes up to 6 were left out, and one may have been of this agent");
        assert!(current(3, 6) && current(2, 8) && !current(2, 7));
        // Nothing new, and then more that is told whole.
        feed.apply(&ChangesPage { complete_to: Rev(8), at_head: true, ..ChangesPage::default() });
        feed.apply(&page(start(), vec![(9, ChangeKind::AgentChanged(agent(1)))]));
        assert!(current(3, 6) && current(1, 9) && !current(1, 8));
        // A node that slept for days.
        feed.apply(&ChangesPage { complete_to: Rev(20), at_head: true, ..ChangesPage::default() });
        assert!(!current(3, 19) && current(3, 20) && !current(1, 9));
    }

    #[test]
    fn what_a_reading_leaves_out_stays_forgotten_when_older_changes_are_forgotten_for_their_age() {
        let clock = Clock::fixed(start());
        let feed = Feed::new(clock.clone(), LIFETIME);
        feed.apply(&page(start(), vec![(5, ChangeKind::AgentChanged(agent(1)))]));
        // A node that slept: of what happened meanwhile (agent 2 changed at 10) its first reading is told no more.
        clock.advance(LIFETIME + MARGIN + Duration::from_millis(1));
        feed.apply(&ChangesPage { complete_to: Rev(20), at_head: true, ..ChangesPage::default() });
        feed.complete(clock.monotonic());
        assert!(!feed.record_is_current(agent(2), Rev(6)), "its change at 10 was left out");
    }

    #[test]
    fn a_record_from_outside_is_believed_up_to_what_is_known_here() {
        let feed = Feed::new(Clock::fixed(start()), LIFETIME);
        feed.apply(&page(start(), (1..=5).map(|rev| (rev, ChangeKind::AgentChanged(agent(1)))).collect()));
        assert!(
            feed.foreign_record_is_current(agent(1), Rev(5))
                && feed.foreign_record_is_current(agent(2), Rev(0))
        );
        assert!(!feed.foreign_record_is_current(agent(1), Rev(4)));
        assert!(
            !feed.foreign_record_is_current(agent(2), Rev(6)) && feed.record_is_current(agent(2), Rev(6))
        );
    }

    #[test]
    fn past_its_cap_it_says_that_it_does_not_know() {
        let feed = Feed::new(Clock::fixed(start()), LIFETIME);
        let many = i64::try_from(REMEMBERED).unwrap() + 1;
        let kinds =
            (1..=many).map(|rev| (rev, ChangeKind::AgentTokensEnded(agent(rev.unsigned_abs().into()))));
        feed.apply(&page(start(), kinds.collect()));
        assert_eq!(feed.token_standing(agent(1), Uuid::nil(), Rev(0)), TokenStanding::Unknown);
        assert_eq!(feed.token_standing(agent(2), Uuid::nil(), Rev(0)), TokenStanding::Dead);
        assert_eq!(feed.token_standing(agent(1), Uuid::nil(), Rev(1)), TokenStanding::Alive);
    }

    proptest! {
        /// The model: the list of all changes, searched from end to end.
        #[test]
        fn it_judges_as_the_whole_history_would(
            changes in prop::collection::vec((0_u128..4, any::<bool>()), 0..40),
            who in 0_u128..4,
            rev in 0_i64..45,
        ) {
            let feed = Feed::new(Clock::fixed(start()), LIFETIME);
            let kinds: Vec<_> = changes
                .iter()
                .zip(1..)
                .map(|((who, ends), rev)| {
                    let who = agent(*who);
                    (rev, if *ends { ChangeKind::AgentTokensEnded(who) } else { ChangeKind::AgentChanged(who) })
                })
                .collect();
            let page = page(start(), kinds);
            feed.apply(&page);
            let dead = page.changes.iter().any(|one| change_ends_token(one, agent(who), Uuid::nil(), Rev(rev)));
            let expected = if dead { TokenStanding::Dead } else { TokenStanding::Alive };
            prop_assert_eq!(feed.token_standing(agent(who), Uuid::nil(), Rev(rev)), expected);
            let stale = changes.iter().zip(1..).any(|((one, _), at)| *one == who && at > rev);
            prop_assert_eq!(feed.record_is_current(agent(who), Rev(rev)), !stale);
        }
    }
}
