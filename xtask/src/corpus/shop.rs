//! Sessions of a shop's character, told turn by turn. A *site* decides how its page uses the
//! states, a *persona* how the shopper talks. Neither asks the state machine: pages that set states
//! themselves do not, either.

use cuelight_core::catalog::{self, Tier};

use super::dice::Dice;

/// How a page uses the states.
#[derive(Debug, Clone)]
pub(super) struct Site {
    pub(super) tier: Tier,
    /// How often there is a rest between two turns.
    rests: f64,
    /// How often the shopper's typing is shown.
    listens: f64,
    /// How often the wait for the answer is shown.
    thinks: f64,
    /// How often a mood comes before the answer rather than after it.
    early_moods: f64,
    /// How often a mood is followed by a rest.
    rests_after_mood: f64,
    /// How often an activity follows a greeting without a rest.
    rushes: f64,
    greets: f64,
    greets_first_message: f64,
    says_goodbye: f64,
    begins_idle: f64,
    ends_idle: f64,
    /// Whether a state shown twice in a row is told twice.
    repeats: bool,
    /// How often an answer stalls and the character thinks again.
    stalls: f64,
    moods: f64,
    /// How often typing pauses and begins again.
    hesitates: f64,
    noise: f64,
}

impl Site {
    pub(super) fn draw(dice: &mut Dice) -> Self {
        Self {
            tier: *dice.pick(&[Tier::Free, Tier::Pro, Tier::Enterprise, Tier::Enterprise]),
            rests: dice.habit(),
            listens: if dice.chance(0.75) { dice.between(0.6, 1.0) } else { dice.share() * 0.3 },
            thinks: if dice.chance(0.85) { dice.between(0.85, 1.0) } else { dice.between(0.2, 0.9) },
            early_moods: if dice.chance(0.7) { 0.0 } else { dice.share() },
            rests_after_mood: dice.habit(),
            rushes: dice.habit(),
            greets: dice.between(0.5, 1.0),
            greets_first_message: dice.habit() * 0.6,
            says_goodbye: dice.between(0.2, 1.0),
            begins_idle: dice.habit(),
            ends_idle: dice.habit(),
            repeats: dice.chance(0.25),
            stalls: if dice.chance(0.6) { 0.0 } else { dice.share() * 0.15 },
            moods: dice.between(0.1, 0.8),
            hesitates: if dice.chance(0.5) { 0.0 } else { dice.share() * 0.3 },
            noise: if dice.chance(0.5) { 0.0 } else { dice.share() * 0.04 },
        }
    }
}

/// What the shopper is after.
#[derive(Debug, Clone, Copy)]
enum Errand {
    Buying,
    Asking,
    Complaining,
    Technical,
    Chatting,
}

/// How a shopper talks.
struct Persona {
    errand: Errand,
    turns: u64,
    doubles: f64,
    interrupts: f64,
    leaves: f64,
}

impl Persona {
    fn draw(dice: &mut Dice) -> Self {
        let errand = *dice.pick(&[
            Errand::Buying,
            Errand::Asking,
            Errand::Asking,
            Errand::Complaining,
            Errand::Technical,
            Errand::Chatting,
        ]);
        let turns = match dice.whole(0, 9) {
            0 => dice.whole(1, 2),
            1..=6 => dice.whole(2, 8),
            7 | 8 => dice.whole(8, 20),
            _ => dice.whole(20, 60),
        };
        Self {
            errand,
            turns,
            doubles: dice.share() * 0.25,
            interrupts: dice.share() * 0.12,
            leaves: dice.share() * 0.05,
        }
    }

    /// The mood of a turn, from how far the conversation has come (0 to 1).
    fn mood(&self, dice: &mut Dice, far: f64) -> &'static str {
        let moods: &[(&str, f64)] = match self.errand {
            Errand::Buying => &[
                ("excited", 0.45),
                ("happy", 0.25 + far * 0.3),
                ("confident", 0.15),
                ("confused", 0.1),
                ("surprised", 0.05),
            ],
            Errand::Asking => &[
                ("happy", 0.35),
                ("confident", 0.25),
                ("confused", 0.2),
                ("excited", 0.15),
                ("surprised", 0.05),
            ],
            Errand::Complaining => &[
                ("sad", 0.75 - far * 0.5),
                ("confused", 0.2),
                ("happy", far * 0.6),
                ("confident", 0.1),
                ("excited", 0.04),
            ],
            Errand::Technical => {
                &[("confident", 0.45), ("confused", 0.3), ("happy", 0.15), ("sad", 0.05), ("surprised", 0.05)]
            }
            Errand::Chatting => {
                &[("happy", 0.35), ("surprised", 0.3), ("excited", 0.15), ("confused", 0.15), ("sad", 0.05)]
            }
        };
        let total: f64 = moods.iter().map(|(_, weight)| weight).sum();
        let mut left = dice.share() * total;
        for (mood, weight) in moods {
            left -= weight;
            if left <= 0.0 {
                return mood;
            }
        }
        "happy"
    }
}

/// What was shown, within the plan.
struct Story<'s> {
    site: &'s Site,
    states: Vec<String>,
}

impl Story<'_> {
    fn show(&mut self, state: &str) {
        let state = within(self.site.tier, state);
        if self.site.repeats || self.states.last().is_none_or(|last| *last != state) {
            self.states.push(state);
        }
    }

    fn maybe(&mut self, dice: &mut Dice, likely: f64, state: &str) {
        if dice.chance(likely) {
            self.show(state);
        }
    }
}

/// The state, or the first of its fallbacks that the plan has.
pub(super) fn within(tier: Tier, state: &str) -> String {
    let catalog = catalog::built_in();
    let has = |name: &str| catalog.state(name).is_some_and(|def| def.tier <= tier);
    let chain = catalog.state(state).map(|def| def.fallback.as_slice()).unwrap_or_default();
    let first = std::iter::once(state).chain(chain.iter().map(String::as_str)).find(|name| has(name));
    first.unwrap_or("idle").to_owned()
}

/// One session.
pub(super) fn session(site: &Site, dice: &mut Dice) -> Vec<String> {
    let persona = Persona::draw(dice);
    let mut story = Story { site, states: Vec::new() };
    story.maybe(dice, site.begins_idle, "idle");
    if dice.chance(site.greets) {
        story.show("greeting");
        story.maybe(dice, 1.0 - site.rushes, "idle");
    }
    let sticky = dice.share() * 0.6;
    let mut mood = None;
    for turn in 0..persona.turns {
        // Counts are small.
        #[allow(clippy::cast_precision_loss)]
        let far = turn as f64 / persona.turns as f64;
        mood = match mood {
            Some(mood) if dice.chance(sticky) => Some(mood),
            _ => dice.chance(site.moods).then(|| persona.mood(dice, far)),
        };
        turn_of(&mut story, &persona, dice, turn == 0, mood);
        if dice.chance(persona.leaves) {
            break;
        }
        if dice.chance(site.noise) {
            let state = dice.pick(&catalog::built_in().states).id.clone();
            story.show(&state);
        }
    }
    story.maybe(dice, site.says_goodbye, "farewell");
    story.maybe(dice, site.ends_idle, "idle");
    story.states
}

fn turn_of(story: &mut Story<'_>, persona: &Persona, dice: &mut Dice, first: bool, mood: Option<&str>) {
    let site = story.site.clone();
    story.maybe(dice, site.listens, "listening");
    while dice.chance(site.hesitates) {
        story.show("idle");
        story.show("listening");
    }
    let messages = if dice.chance(persona.doubles) { dice.whole(2, 3) } else { 1 };
    for message in 0..messages {
        if message > 0 {
            story.maybe(dice, site.listens, "listening");
        }
        story.maybe(dice, site.thinks, "thinking");
    }
    if first {
        story.maybe(dice, site.greets_first_message, "greeting");
    }
    let early = dice.chance(site.early_moods);
    if let (true, Some(mood)) = (early, mood) {
        story.show(mood);
    }
    story.show("talking");
    while dice.chance(site.stalls) {
        story.show("thinking");
        story.show("talking");
    }
    if dice.chance(persona.interrupts) {
        return;
    }
    match mood {
        Some(mood) if !early => {
            story.show(mood);
            story.maybe(dice, site.rests_after_mood, "idle");
        }
        _ => story.maybe(dice, site.rests, "idle"),
    }
}
