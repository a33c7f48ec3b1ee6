//! The tenants as a deployment describes them: namespace, plan, and what each may spend.

use std::collections::{BTreeMap, BTreeSet};

use super::members::{Members, closest, default};
use super::reference::{CHARACTERS, CLIPS, COOLDOWN, DAILY, MONTHLY, NAMESPACE, PLAN, SPECULATION, Setting};
use super::{SettingCode, is_name};
use crate::actors::account::Limits;
use crate::catalog::Tier;
use crate::units::{MicroUsd, Millis};

/// Who pays for clips.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    id: String,
    namespace: String,
    plan: Tier,
    limits: Limits,
}

impl Tenant {
    /// Its name in keys' lists, usage and logs.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What stands for it in every key of its clips.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Which states it has.
    #[must_use]
    pub const fn plan(&self) -> Tier {
        self.plan
    }

    /// What it may spend and do.
    #[must_use]
    pub const fn limits(&self) -> Limits {
        self.limits
    }

    /// Reads one; nothing when it has no namespace. What is wrong is reported.
    pub(super) fn read(id: &str, mut members: Members<'_, '_>) -> Option<Self> {
        let namespace = namespace(&mut members);
        let plan = plan(&mut members);
        let limits = limits(&mut members, plan);
        members.refuse_the_rest();
        Some(Self { id: id.to_owned(), namespace: namespace?, plan, limits })
    }
}

/// All tenants, by id.
pub(super) fn read_all(members: &mut Members<'_, '_>) -> BTreeMap<String, Tenant> {
    let what = "an object with a member for each tenant, for instance {\"shop\": {\"namespace\": \"shop\"}}";
    members.require("TENANTS", what);
    let read = |mut all: Members<'_, '_>| {
        let (mut tenants, mut namespaces) = (BTreeMap::new(), BTreeSet::new());
        let ids = all.names();
        for id in &ids {
            if !is_name(id, 32, |c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-') {
                let detail = "is no tenant's id: 1 to 32 of a-z, 0-9 and -".to_owned();
                all.report(id, SettingCode::BadFormat, detail);
            }
            let Some(tenant) = all.inside(id, |one| Tenant::read(id, one)).flatten() else { continue };
            if !namespaces.insert(tenant.namespace.clone()) {
                let detail = "has the namespace of another tenant, whose clips would be its own".to_owned();
                all.report(id, SettingCode::Conflict, detail);
            }
            tenants.insert(tenant.id.clone(), tenant);
        }
        (ids.is_empty(), tenants)
    };
    let (empty, tenants) = members.inside("TENANTS", read).unwrap_or_default();
    if empty {
        members.report("TENANTS", SettingCode::Missing, format!("names nobody: it is {what}"));
    }
    tenants
}

fn namespace(members: &mut Members<'_, '_>) -> Option<String> {
    let name = NAMESPACE.name();
    let what = "1 to 64 letters, digits, - and _, which enter every key, so that changing them later \
                abandons every clip; take a long random one, as of `openssl rand -hex 16`, where clips \
                must not be guessed";
    members.require(name, what);
    let text = members.text(name, what)?;
    let fits = is_name(text, 64, |c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    if !fits {
        members.report(name, SettingCode::BadFormat, format!("must be {what}"));
    }
    fits.then(|| text.to_owned())
}

fn plan(members: &mut Members<'_, '_>) -> Tier {
    const PLANS: [(&str, Tier); 3] =
        [("free", Tier::Free), ("pro", Tier::Pro), ("enterprise", Tier::Enterprise)];
    let name = PLAN.name();
    let Some(text) = members.text(name, "free, pro or enterprise") else { return Tier::Free };
    if let Some((_, plan)) = PLANS.iter().find(|(word, _)| *word == text) {
        return *plan;
    }
    let meant = closest(text, &PLANS.map(|(word, _)| word))
        .map_or(String::new(), |meant| format!("; did you mean {meant}?"));
    members.report(name, SettingCode::BadFormat, format!("must be free, pro or enterprise{meant}"));
    Tier::Free
}

fn limits(members: &mut Members<'_, '_>, plan: Tier) -> Limits {
    let monthly = members.whole_or(&MONTHLY, plan);
    let daily = part_of(members, &DAILY, &MONTHLY, monthly, plan);
    let speculation = part_of(members, &SPECULATION, &DAILY, daily, plan);
    Limits {
        daily: MicroUsd(daily),
        monthly: MicroUsd(monthly),
        speculation_daily: MicroUsd(speculation),
        clips_per_month: members.count_or(&CLIPS, plan),
        characters_per_hour: members.count_or(&CHARACTERS, plan),
        regenerate_cooldown: Millis::seconds(members.whole_or(&COOLDOWN, plan)),
    }
}

/// A budget inside another: a default gives way to the outer one, a number of the operator's that
/// is above it is a slip.
fn part_of(members: &mut Members<'_, '_>, inner: &Setting, outer: &Setting, most: u64, plan: Tier) -> u64 {
    let Some(amount) = members.whole(inner) else { return default(inner, plan).min(most) };
    // Against a number that is wrong itself there is nothing to compare.
    if amount > most && !members.is_reported(outer.name()) {
        let detail = format!("is {}, above {}, which is {}", MicroUsd(amount), outer.name(), MicroUsd(most));
        members.report(inner.name(), SettingCode::Conflict, detail);
    }
    amount
}
