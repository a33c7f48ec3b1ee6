//! How a session is stored: what is counted in one part, each job and each event in its own, so
//! that an event costs a turn no more than itself.

use serde::Deserialize;

use super::event::Wish;
use super::job::{Entry, Pending, Want};
use super::{Meta, Session};
use crate::actors::generation::{Place, Terms};
use crate::actors::stored::{Stored, WHOLE, Write};
use crate::api::{Job, JobEvent};
use crate::operation::Spec;
use crate::units::Millis;

/// A part of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Meta,
    /// The job with this serial.
    Job(u64),
    /// The event with this number.
    Event(u64),
    /// The form in which everything was one part.
    Legacy,
}

impl std::fmt::Display for Part {
    /// Its name. Numbers have ten digits, so that names sort as numbers do.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Meta => f.write_str("meta"),
            Self::Job(serial) => write!(f, "job/{serial:010}"),
            Self::Event(seq) => write!(f, "event/{seq:010}"),
            Self::Legacy => f.write_str(WHOLE),
        }
    }
}

impl Stored for Session {
    fn read(parts: &[(String, String)]) -> Result<Self, serde_json::Error> {
        let part = |name: Part| {
            let name = name.to_string();
            parts.iter().find(|(part, _)| *part == name).map(|(_, json)| json.as_str())
        };
        if let (None, Some(json)) = (part(Part::Meta), part(Part::Legacy)) {
            return serde_json::from_str::<OnePart>(json).map(OnePart::into_parts);
        }
        let of = |prefix: &'static str| {
            parts.iter().filter(move |(name, _)| name.starts_with(prefix)).map(|(_, json)| json)
        };
        let mut session = Self {
            meta: part(Part::Meta).map(serde_json::from_str).transpose()?.unwrap_or_default(),
            jobs: of("job/").map(|json| serde_json::from_str(json)).collect::<Result<_, _>>()?,
            events: of("event/").map(|json| serde_json::from_str(json)).collect::<Result<_, _>>()?,
            changed: std::collections::BTreeSet::new(),
        };
        session.jobs.sort_by_key(|entry| entry.serial);
        session.events.make_contiguous().sort_by_key(|event| event.seq);
        Ok(session)
    }

    fn changes(&mut self) -> Result<Vec<Write>, serde_json::Error> {
        let changed = std::mem::take(&mut self.changed).into_iter();
        let write = |part: Part| {
            let json = match part {
                Part::Meta => Some(serde_json::to_string(&self.meta)?),
                Part::Job(serial) => {
                    let at = self.jobs.binary_search_by_key(&serial, |entry| entry.serial);
                    at.ok().map(|at| serde_json::to_string(&self.jobs[at])).transpose()?
                }
                Part::Event(seq) => {
                    let at = self.events.binary_search_by_key(&seq, |event| event.seq);
                    at.ok().map(|at| serde_json::to_string(&self.events[at])).transpose()?
                }
                Part::Legacy => None,
            };
            Ok(match json {
                Some(json) => Write::Put(part.to_string(), json),
                None => Write::Delete(part.to_string()),
            })
        };
        changed.map(write).collect()
    }
}

/// The form in which everything was one part.
#[derive(Deserialize)]
struct OnePart {
    seq: u64,
    jobs: Vec<OneJob>,
    events: Vec<JobEvent>,
}

#[derive(Deserialize)]
struct OneJob {
    job: Job,
    ordinal: u64,
    want: Option<OneWant>,
}

#[derive(Deserialize)]
struct OneWant {
    spec: Spec,
    due: Millis,
}

impl OnePart {
    fn into_parts(self) -> Session {
        let mut session = Session {
            meta: Meta { seq: self.seq, ..Meta::default() },
            events: self.events.into(),
            ..Session::default()
        };
        for OneJob { job, ordinal, want } in self.jobs {
            let mut entry = Entry::new(session.next_serial(), job);
            entry.ordinal = ordinal;
            entry.want = want.map(|want| {
                let terms = Terms::of(&want.spec).unwrap_or_default();
                let wish = Wish {
                    spec: want.spec,
                    stand_ins: Vec::new(),
                    tenant: String::new(),
                    terms,
                    place: Place::default(),
                    request_id: String::new(),
                };
                Want { wish, pending: Pending::begun(want.due, Millis(0)) }
            });
            session.keep(entry);
        }
        session.changed.extend(session.events.iter().map(|event| Part::Event(event.seq)));
        session.changed.extend([Part::Meta, Part::Legacy]);
        session
    }
}
