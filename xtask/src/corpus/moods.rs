//! Sessions of a page that shows one state for each message: its mood, by its words, and nothing of
//! what the character does in between.

use cuelight_core::catalog::Tier;

use super::dice::Dice;
use super::shop::within;

/// The moods that words are taken for.
const MOODS: [&str; 6] = ["happy", "sad", "excited", "surprised", "confident", "confused"];

/// How a page reads messages.
#[derive(Debug, Clone)]
pub(super) struct Reading {
    pub(super) tier: Tier,
    /// Whether what the shopper writes is shown, and not only the answers.
    both: bool,
    /// Whether a state shown twice in a row is told twice.
    repeats: bool,
    /// What a question is shown as.
    questions: &'static str,
    /// How easily the page finds each of [`MOODS`] in a message.
    finds: [f64; 6],
    greets: bool,
    says_goodbye: bool,
}

impl Reading {
    pub(super) fn draw(dice: &mut Dice) -> Self {
        let eager = dice.between(0.02, 0.12);
        Self {
            tier: *dice.pick(&[Tier::Free, Tier::Pro, Tier::Enterprise, Tier::Enterprise]),
            both: dice.chance(0.7),
            repeats: dice.chance(0.7),
            questions: *dice.pick(&["thinking", "thinking", "confused", "surprised", "talking"]),
            finds: MOODS.map(|_| if dice.chance(0.2) { 0.0 } else { dice.share() * eager * 2.0 }),
            greets: dice.chance(0.7),
            says_goodbye: dice.chance(0.5),
        }
    }
}

/// One session. Two people talk; a mood of one is taken up by the other, now and then.
pub(super) fn session(page: &Reading, dice: &mut Dice) -> Vec<String> {
    let mut states: Vec<String> = Vec::new();
    let mut show = |state: &str| {
        let state = within(page.tier, state);
        if page.repeats || states.last().is_none_or(|last| *last != state) {
            states.push(state);
        }
    };
    let messages = dice.whole(4, 60);
    let (asks, takes_up) = ([dice.share() * 0.5, dice.share() * 0.5], dice.share() * 0.4);
    // Topics come and go, and some have more of a mood than others.
    let mut topic = MOODS.map(|_| dice.share() * 2.0);
    let mut last = None;
    let mut speaker = 0;
    for message in 0..messages {
        if dice.chance(0.06) {
            topic = MOODS.map(|_| dice.share() * 2.0);
        }
        let found = last.filter(|_| dice.chance(takes_up)).or_else(|| {
            let all = MOODS.iter().zip(page.finds.iter().zip(topic));
            all.into_iter().find(|(_, (finds, topic))| dice.chance(*finds * topic)).map(|(mood, _)| *mood)
        });
        last = found;
        let asked = asks.get(speaker).is_some_and(|asks| dice.chance(*asks));
        if page.both || speaker == 0 {
            match found {
                _ if page.greets && message < 2 => show("greeting"),
                _ if page.says_goodbye && message + 1 == messages => show("farewell"),
                Some(mood) => show(mood),
                None if asked => show(page.questions),
                None => show("talking"),
            }
        }
        // Now and then somebody writes twice in a row.
        if !dice.chance(0.2) {
            speaker = 1 - speaker;
        }
    }
    states
}
