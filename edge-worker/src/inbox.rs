//! Where results are kept that a provider sent in answer to the order itself: they exist nowhere else,
//! and are paid for. They are put here before anything else happens, under a name that follows from the
//! submission, so that whoever asks again finds them. Objects are short-lived: one that is moved to its
//! shelf is removed, and the bucket may drop any that is older than a day.

use std::collections::HashMap;

use cuelight_core::actors::generation::{Accepted, Output};
use cuelight_core::units::{MicroUsd, Millis};
use cuelight_providers::Made;
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use worker::{Bucket, Env, Result};

use crate::settings::CLIPS;

/// How the id of an operation begins whose result is here. No vendor's id holds a colon before its
/// first slash but Amazon's, which begin with `arn:`.
const PREFIX: &str = "shelf:";
/// How much of a SHA-256 is a name, in characters: as unique as a UUID.
const NAME_CHARS: usize = 32;

/// How often a result is put before it is given up: it is paid for, and exists nowhere else.
const MOST_PUTS: u32 = 3;

/// A result's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Slot(String);

impl Slot {
    /// Where the result of the submission under this key is put.
    pub(crate) fn of(idempotency_key: &str) -> Self {
        let mut name = HEXLOWER.encode(&Sha256::digest(idempotency_key.as_bytes()));
        name.truncate(NAME_CHARS);
        Self(name)
    }

    /// The place that the id of an operation, or the address of an output, stands for.
    pub(crate) fn parse(id: &str) -> Option<Self> {
        let name = id.strip_prefix(PREFIX)?;
        let plain = name.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        (name.len() == NAME_CHARS && plain).then(|| Self(name.to_owned()))
    }

    fn id(&self) -> String {
        format!("{PREFIX}{}", self.0)
    }

    fn object(&self) -> String {
        format!("inbox/{}", self.0)
    }

    fn accepted(&self) -> Accepted {
        Accepted { operation_id: self.id(), estimate_ms: Some(Millis(0)) }
    }

    /// Puts a result here.
    pub(crate) async fn put(&self, env: &Env, made: Made) -> Result<Accepted> {
        let mut custom = HashMap::new();
        if let Some(MicroUsd(cost)) = made.cost_micro_usd {
            custom.insert("cost".to_owned(), cost.to_string());
        }
        if let Some(seed) = made.seed {
            custom.insert("seed".to_owned(), seed.to_string());
        }
        let bucket = bucket(env)?;
        let mut tries = 1;
        loop {
            let put = bucket.put(self.object(), made.bytes.clone()).custom_metadata(custom.clone());
            match put.execute().await {
                Ok(_) => return Ok(self.accepted()),
                Err(error) if tries == MOST_PUTS => return Err(error),
                Err(_) => tries += 1,
            }
        }
    }

    /// The operation whose result is here, if one is.
    pub(crate) async fn look(&self, env: &Env) -> Result<Option<Accepted>> {
        Ok(self.output(env).await?.map(|_| self.accepted()))
    }

    /// What is here.
    pub(crate) async fn output(&self, env: &Env) -> Result<Option<Output>> {
        let Some(object) = bucket(env)?.head(self.object()).await? else { return Ok(None) };
        let custom = object.custom_metadata().unwrap_or_default();
        let cost = custom.get("cost").and_then(|cost| cost.parse().ok());
        let seed = custom.get("seed").and_then(|seed| seed.parse().ok());
        let (url, bytes) = (self.id(), Some(object.size()));
        Ok(Some(Output { url, bytes, seed, cost_micro_usd: cost.map(MicroUsd), ..Output::default() }))
    }

    /// Its bytes.
    pub(crate) async fn read(&self, env: &Env) -> Result<Option<Vec<u8>>> {
        let Some(object) = bucket(env)?.get(self.object()).execute().await? else { return Ok(None) };
        let Some(body) = object.body() else { return Ok(None) };
        Ok(Some(body.bytes().await?))
    }

    /// Empties it.
    pub(crate) async fn clear(&self, env: &Env) -> Result<()> {
        bucket(env)?.delete(self.object()).await
    }
}

fn bucket(env: &Env) -> Result<Bucket> {
    env.bucket(CLIPS)
}
