//! The rules of the player, one sentence each.

use super::*;

mod screen;

const ONE: Ticket = Ticket(1);
const TWO: Ticket = Ticket(2);
const A: ClipId = ClipId(0);
const B: ClipId = ClipId(1);
const C: ClipId = ClipId(2);
const D: ClipId = ClipId(3);
const E: ClipId = ClipId(4);
const NOW: Millis = Millis(0);

fn loaded(effects: &[Effect]) -> Option<(Surface, ClipId)> {
    effects.iter().find_map(|effect| match effect {
        Effect::Load { surface, clip, .. } => Some((*surface, *clip)),
        _ => None,
    })
}

fn rewound(effects: &[Effect]) -> Option<Surface> {
    effects.iter().find_map(|effect| match effect {
        Effect::Rewind { surface, .. } => Some(*surface),
        _ => None,
    })
}

fn revealed(effects: &[Effect]) -> Option<Surface> {
    effects.iter().find_map(|effect| match effect {
        Effect::Reveal(surface, _) => Some(*surface),
        _ => None,
    })
}

fn told(effects: &[Effect]) -> Option<(Ticket, Picture, bool)> {
    effects.iter().find_map(|effect| match effect {
        Effect::Shown { ticket, picture, staged } => Some((*ticket, *picture, *staged)),
        _ => None,
    })
}

/// A player that shows this picture, without twins.
fn showing(picture: Picture) -> (Player, Surface) {
    let mut player = Player::default();
    player.set_seam(Seam::Native);
    let effects = player.on(NOW, Event::show(ONE, picture));
    let surface = match picture {
        Picture::Still => match effects[..] {
            [Effect::Draw(surface, ONE)] => surface,
            _ => panic!("{effects:?}"),
        },
        _ => loaded(&effects).unwrap().0,
    };
    let effects = player.on(NOW, Event::Painted(surface));
    assert_eq!((revealed(&effects), told(&effects)), (Some(surface), Some((ONE, picture, false))));
    (player, surface)
}

/// The same, with these staged.
fn with_staged(picture: Picture, staged: &[Picture]) -> (Player, Surface) {
    let (mut player, surface) = showing(picture);
    let mut effects = player.on(NOW, Event::Likely(staged.to_vec()));
    while let Some((next, _)) = loaded(&effects) {
        effects = player.on(NOW, Event::Painted(next));
    }
    (player, surface)
}

#[test]
fn a_clip_is_shown_when_its_first_frame_is_painted_and_not_before() {
    let mut player = Player::default();
    let effects = player.on(NOW, Event::show(ONE, Picture::Loop(A)));
    let (surface, clip) = loaded(&effects).unwrap();
    assert_eq!((effects.len(), clip, player.shown()), (2, A, None));
    let effects = player.on(NOW, Event::Painted(surface));
    let shown = Effect::Shown { ticket: ONE, picture: Picture::Loop(A), staged: false };
    assert_eq!(effects[..3], [Effect::Reveal(surface, NOW), Effect::Play { surface, looped: true }, shown]);
}

#[test]
fn a_staged_clip_is_revealed_in_the_same_breath_as_its_cue() {
    let (mut player, _) = with_staged(Picture::Loop(A), &[Picture::Loop(B), Picture::Once(C)]);
    assert_eq!(player.staged().collect::<Vec<_>>(), [B, C]);
    let effects = player.on(Millis(9), Event::show(TWO, Picture::Once(C)));
    assert!(revealed(&effects).is_some());
    assert_eq!(told(&effects), Some((TWO, Picture::Once(C), true)));
}

#[test]
fn the_slot_of_the_least_likely_is_empty_when_a_clip_comes_and_is_filled_again_if_none_does() {
    let likely = [Picture::Loop(B), Picture::Loop(C), Picture::Loop(D)];
    let (mut player, _) = with_staged(Picture::Loop(A), &likely);
    assert_eq!(player.on(NOW, Event::Coming), [], "the clip is asked for first");
    let soon = player.next_wake(NOW).unwrap();
    assert_eq!(soon, EMPTIED_AFTER);
    let effects = player.on(soon, Event::Tick);
    assert!(matches!(effects[..], [Effect::Release(Place::Slot(_))]), "{effects:?}");
    assert_eq!(player.staged().collect::<Vec<_>>(), [B, C]);
    assert_eq!(player.on(soon, Event::Likely(likely.to_vec())), [], "it stays empty");

    let mut late = player.clone();
    let at = late.next_wake(soon).unwrap();
    assert_eq!(at, KEPT_EMPTY);
    assert_eq!(loaded(&late.on(at, Event::Tick)).unwrap().1, D, "it did not come");

    let effects = player.on(Millis(60), Event::show(TWO, Picture::Loop(E)));
    assert_eq!(loaded(&effects).unwrap().1, E);
    assert_eq!((player.slots(), player.staged().count()), (SLOTS, 2), "it took the empty slot");
}

#[test]
fn no_slot_is_kept_once_something_is_shown_or_there_are_fewer() {
    let (mut player, _) =
        with_staged(Picture::Loop(A), &[Picture::Loop(B), Picture::Loop(C), Picture::Loop(D)]);
    let _ = player.on(NOW, Event::Likely(vec![Picture::Loop(C), Picture::Loop(B), Picture::Loop(D)]));
    let _ = player.on(NOW, Event::Coming);
    let released = |effects: Vec<Effect>| effects.iter().any(|effect| matches!(effect, Effect::Release(_)));

    let mut far = player.clone();
    let _ = far.on(NOW, Event::show(TWO, Picture::Still));
    assert!(!released(far.on(EMPTIED_AFTER, Event::Tick)), "the placeholder says that it takes long");

    let mut better = player.clone();
    let _ = better.on(NOW, Event::Upgrade(ONE, E));
    assert_eq!(better.filled(), SLOTS, "it has come");

    assert!(released(player.on(EMPTIED_AFTER, Event::Tick)));
    let _ = player.on(EMPTIED_AFTER, Event::Slots(2));
    assert_eq!(player.staged().collect::<Vec<_>>(), [C], "the likeliest stays");
}

#[test]
fn a_character_with_one_slot_keeps_it_whatever_is_on_its_way() {
    let (mut player, surface) = showing(Picture::Loop(A));
    let _ = player.on(NOW, Event::Slots(1));
    let _ = player.on(NOW, Event::Coming);
    assert_eq!(player.on(EMPTIED_AFTER, Event::Tick), []);
    assert_eq!(player.surface(), Some(surface));
}

#[test]
fn staging_goes_one_by_one_and_stops_while_something_is_wanted() {
    let (mut player, _) = showing(Picture::Loop(A));
    let effects = player.on(NOW, Event::Likely(vec![Picture::Loop(B), Picture::Loop(C)]));
    let (first, _) = loaded(&effects).unwrap();
    assert_eq!(effects.len(), 1, "one at a time");
    let effects = player.on(NOW, Event::show(TWO, Picture::Loop(ClipId(9))));
    assert_eq!(loaded(&effects).unwrap().1, ClipId(9));
    assert_eq!(player.on(NOW, Event::Painted(first)), [], "what is wanted comes first");
}

#[test]
fn nothing_is_loaded_ahead_of_need_in_the_frames_that_bring_something_new_into_sight() {
    let (mut player, _) = with_staged(Picture::Loop(A), &[Picture::Loop(B)]);
    let shown = Millis(1_000);
    let effects = player.on(shown, Event::show(TWO, Picture::Loop(B)));
    assert_eq!((revealed(&effects).is_some(), loaded(&effects)), (true, None));
    assert_eq!(player.on(shown, Event::Likely(vec![Picture::Loop(C)])), []);
    let later = player.next_wake(shown).unwrap();
    assert_eq!(later, shown + STAYS_BENEATH);
    assert_eq!(loaded(&player.on(later, Event::Tick)).unwrap().1, C);
}

#[test]
fn an_older_cue_cannot_come_back() {
    let mut player = Player::default();
    let (older, _) = loaded(&player.on(NOW, Event::show(ONE, Picture::Loop(A)))).unwrap();
    let (newer, _) = loaded(&player.on(NOW, Event::show(TWO, Picture::Loop(B)))).unwrap();
    assert_eq!(player.on(NOW, Event::show(ONE, Picture::Loop(C))), []);
    assert_eq!(player.on(NOW, Event::Painted(older)), []);
    assert_eq!(told(&player.on(NOW, Event::Painted(newer))), Some((TWO, Picture::Loop(B), false)));
}

#[test]
fn what_a_slot_held_before_says_nothing_about_what_it_holds_now() {
    let (mut player, surface) = showing(Picture::Loop(A));
    let _ = player.on(NOW, Event::Slots(1));
    let effects = player.on(NOW, Event::show(TWO, Picture::Loop(B)));
    let (again, _) = loaded(&effects).unwrap();
    assert_eq!(again.place, surface.place);
    assert_eq!(player.on(NOW, Event::Painted(surface)), []);
    assert_eq!(player.on(NOW, Event::Broken(surface)), []);
    assert!(revealed(&player.on(NOW, Event::Painted(again))).is_some());
}

#[test]
fn with_one_slot_a_copy_of_its_frame_stays_until_the_next_clip_is_painted() {
    let (mut player, surface) = showing(Picture::Loop(A));
    let _ = player.on(NOW, Event::Slots(1));
    let effects = player.on(NOW, Event::show(TWO, Picture::Loop(B)));
    assert_eq!(effects[0], Effect::Freeze(surface));
    let (again, _) = loaded(&effects).unwrap();
    let effects = player.on(NOW, Event::Painted(again));
    assert!(effects.contains(&Effect::Release(Place::Frozen)), "{effects:?}");
    assert_eq!(player.slots(), 1);
}

#[test]
fn without_slots_a_copy_of_its_frame_stays_and_goes_on_when_there_is_one_again() {
    let (mut player, surface) = showing(Picture::Loop(A));
    let effects = player.on(NOW, Event::Slots(0));
    assert_eq!(effects, [Effect::Freeze(surface), Effect::Release(surface.place)]);
    assert!(player.holds(A) && player.slots() == 0);
    let (again, clip) = loaded(&player.on(NOW, Event::Slots(1))).unwrap();
    assert_eq!(clip, A);
    assert!(revealed(&player.on(NOW, Event::Painted(again))).is_some());
}

#[test]
fn without_slots_a_cue_is_shown_by_its_placeholder_and_by_its_clip_afterwards() {
    let (mut player, _) = showing(Picture::Loop(A));
    let _ = player.on(NOW, Event::Slots(0));
    let effects = player.on(NOW, Event::show(TWO, Picture::Once(B)));
    let [Effect::Draw(still, TWO), Effect::Finished(TWO)] = effects[..] else { panic!("{effects:?}") };
    assert_eq!(told(&player.on(NOW, Event::Painted(still))), Some((TWO, Picture::Still, false)));
    let (surface, clip) = loaded(&player.on(NOW, Event::Slots(2))).unwrap();
    assert_eq!(clip, B);
    assert_eq!(told(&player.on(NOW, Event::Painted(surface))), Some((TWO, Picture::Once(B), false)));
}

#[test]
fn a_clip_takes_over_from_its_own_placeholder() {
    let (mut player, _) = showing(Picture::Still);
    let (surface, _) = loaded(&player.on(NOW, Event::show(ONE, Picture::Loop(A)))).unwrap();
    let effects = player.on(NOW, Event::Painted(surface));
    assert!(effects.contains(&Effect::Release(Place::Still)));
}

#[test]
fn a_broken_clip_leaves_what_is_there() {
    let (mut player, _) = showing(Picture::Loop(A));
    let (surface, _) = loaded(&player.on(NOW, Event::show(TWO, Picture::Loop(B)))).unwrap();
    let effects = player.on(NOW, Event::Broken(surface));
    assert_eq!(effects, [Effect::Release(surface.place), Effect::Lost(TWO, Picture::Loop(B))]);
    assert_eq!(player.shown(), Some((ONE, Picture::Loop(A))));
}

#[test]
fn a_one_shot_reports_its_end_once_and_starts_at_its_first_frame_when_cued_again() {
    let (mut player, surface) = showing(Picture::Once(A));
    assert_eq!(player.on(NOW, Event::Ended(surface)), [Effect::Finished(ONE)]);
    assert_eq!(player.on(NOW, Event::Ended(surface)), []);
    let effects = player.on(NOW, Event::show(TWO, Picture::Once(A)));
    let (fresh, clip) = loaded(&effects).unwrap();
    assert_eq!((clip, fresh == surface, revealed(&effects)), (A, false, None));
    assert_eq!(told(&player.on(NOW, Event::Painted(fresh))), Some((TWO, Picture::Once(A), false)));
}

#[test]
fn what_left_the_screen_is_put_back_to_its_first_frame() {
    let (mut player, surface) = with_staged(Picture::Once(A), &[Picture::Loop(B)]);
    let _ = player.on(NOW, Event::show(TWO, Picture::Loop(B)));
    let at = player.next_wake(NOW).unwrap();
    let effects = player.on(at, Event::Tick);
    assert_eq!(effects[0], Effect::Hide(surface));
    let fresh = rewound(&effects).unwrap();
    assert_eq!(fresh.place, surface.place);
    let _ = player.on(at, Event::Painted(fresh));
    let effects = player.on(at, Event::show(Ticket(3), Picture::Once(A)));
    assert_eq!(told(&effects), Some((Ticket(3), Picture::Once(A), true)));
}

#[test]
fn the_same_loop_cued_again_goes_on() {
    let (mut player, _) = showing(Picture::Loop(A));
    let shown = Effect::Shown { ticket: TWO, picture: Picture::Loop(A), staged: true };
    assert_eq!(player.on(NOW, Event::show(TWO, Picture::Loop(A))), [shown]);
}

#[test]
fn one_loop_waits_for_the_end_of_another_but_never_longer_than_it_may() {
    let at =
        |at| Event::At { surface: Surface { place: Place::Slot(0), load: 1 }, at, length: Millis(2_000) };
    let cue = |within| Event::Show { ticket: TWO, picture: Picture::Loop(B), within };
    let (mut player, _) = with_staged(Picture::Loop(A), &[Picture::Loop(B)]);
    let _ = player.on(NOW, at(Millis(1_700)));
    assert_eq!(told(&player.on(NOW, cue(Millis(400)))), None);
    let due = player.next_wake(NOW).unwrap();
    assert!((280..300).contains(&due.0), "{due}");
    assert!(told(&player.on(due, Event::Tick)).is_some());

    let (mut player, _) = with_staged(Picture::Loop(A), &[Picture::Loop(B)]);
    let _ = player.on(NOW, at(Millis(200)));
    assert!(told(&player.on(NOW, cue(Millis(400)))).is_some(), "no good moment is near");

    let (mut player, _) = with_staged(Picture::Loop(A), &[Picture::Once(B)]);
    let _ = player.on(NOW, at(Millis(1_700)));
    let once = Event::Show { ticket: TWO, picture: Picture::Once(B), within: Millis(400) };
    assert!(told(&player.on(NOW, once)).is_some(), "an action does not wait");
}

#[test]
fn a_better_picture_of_the_same_moment_takes_over_where_the_loop_begins_anew() {
    let (mut player, surface) = showing(Picture::Loop(A));
    let _ = player.on(NOW, Event::At { surface, at: Millis(500), length: Millis(2_000) });
    let (better, _) = loaded(&player.on(NOW, Event::Upgrade(ONE, B))).unwrap();
    assert_eq!(told(&player.on(Millis(20), Event::Painted(better))), None);
    let due = player.next_wake(Millis(20)).unwrap();
    assert!((1_480..1_500).contains(&due.0), "{due}");
    assert_eq!(told(&player.on(due, Event::Tick)), Some((ONE, Picture::Loop(B), false)));

    let (mut player, _) = showing(Picture::Once(A));
    assert_eq!(player.on(NOW, Event::Upgrade(ONE, B)), [], "never within a one-shot");
    let (mut player, _) = showing(Picture::Loop(A));
    let _ = player.on(NOW, Event::show(TWO, Picture::Once(C)));
    assert_eq!(player.on(NOW, Event::Upgrade(ONE, B)), [], "never for a moment that has passed");
}

#[test]
fn a_loop_is_handed_over_to_a_second_slot_just_before_its_end() {
    let mut player = Player::default();
    let (surface, _) = loaded(&player.on(NOW, Event::show(ONE, Picture::Loop(A)))).unwrap();
    let (twin, clip) = loaded(&player.on(NOW, Event::Painted(surface))).unwrap();
    assert_eq!(clip, A);
    let _ = player.on(NOW, Event::Painted(twin));
    let _ = player.on(Millis(1_000), Event::At { surface, at: Millis(1_000), length: Millis(2_000) });
    let due = player.next_wake(Millis(1_000)).unwrap();
    assert_eq!(player.on(Millis(1_500), Event::Touched), [], "typing is no reason to forget where it is");
    assert_eq!(player.next_wake(Millis(1_500)), Some(due));
    assert!((1_980..2_000).contains(&due.0), "{due}");
    let effects = player.on(due, Event::Tick);
    assert_eq!((revealed(&effects), told(&effects), player.seams()), (Some(twin), None, 1));
    let late = Event::At { surface: twin, at: Millis(1_990), length: Millis(2_000) };
    let _ = player.on(Millis(3_990), late);
    assert_eq!(revealed(&player.on(Millis(4_050), Event::Tick)), None, "too late is worse than not at all");
}

#[test]
fn nothing_moves_for_who_wants_calm_or_pressed_pause_but_the_picture_still_changes() {
    for stop in [Event::Calm as fn(bool) -> Event, Event::Paused] {
        let (mut player, surface) = showing(Picture::Loop(A));
        assert_eq!(player.on(NOW, stop(true)), [Effect::Pause(surface)]);
        let effects = player.on(NOW, Event::show(TWO, Picture::Once(B)));
        let Some(Effect::Load { surface, middle: true, .. }) = effects.first() else {
            panic!("the telling frame of a one-shot: {effects:?}");
        };
        let effects = player.on(NOW, Event::Painted(*surface));
        assert!(revealed(&effects).is_some());
        assert!(!effects.iter().any(|effect| matches!(effect, Effect::Play { .. })), "{effects:?}");
        let play = Effect::Play { surface: *surface, looped: false };
        assert!(player.on(NOW, stop(false)).contains(&play));
    }
}

#[test]
fn a_placeholder_stands_still_when_everything_is_paused_and_moves_again_afterwards() {
    let (mut player, surface) = showing(Picture::Still);
    for paused in [true, false] {
        let effects = player.on(NOW, Event::Paused(paused));
        let [Effect::Draw(anew, ONE)] = effects[..] else { panic!("{effects:?}") };
        assert_eq!((anew != surface, player.is_paused()), (true, paused));
        assert_eq!(
            player.on(NOW, Event::Painted(anew)),
            [Effect::Reveal(anew, NOW)],
            "nothing else is shown"
        );
        assert_eq!(player.on(NOW, Event::Paused(paused)), [], "once");
    }
}

#[test]
fn a_page_out_of_sight_stops_and_a_refused_clip_resumes_at_a_touch() {
    let (mut player, surface) = showing(Picture::Loop(A));
    let play = Effect::Play { surface, looped: true };
    assert_eq!(player.on(NOW, Event::Visible(false)), [Effect::Pause(surface)]);
    assert_eq!(player.on(NOW, Event::Touched), [], "nothing was refused");
    assert_eq!(player.on(NOW, Event::Visible(true)), [play]);
    assert_eq!(player.on(NOW, Event::Refused(surface)), []);
    assert_eq!(player.on(Millis(60_000), Event::Tick), [], "a refused clip is not stuck");
    assert_eq!(player.on(NOW, Event::Touched), [play]);
}

#[test]
fn where_nothing_is_loaded_without_a_touch_the_placeholder_stands_in_until_it_comes() {
    let mut player = Player::default();
    let (surface, _) = loaded(&player.on(NOW, Event::show(ONE, Picture::Loop(A)))).unwrap();
    let at = player.next_wake(NOW).unwrap();
    let play = Effect::Play { surface, looped: false };
    assert_eq!(player.on(at, Event::Tick), [play], "some browsers load only what plays");
    let [Effect::Draw(still, ONE)] = player.on(at, Event::Refused(surface))[..] else {
        panic!("a poster is drawn")
    };
    assert_eq!(told(&player.on(at, Event::Painted(still))), Some((ONE, Picture::Still, false)));
    assert_eq!(player.on(Millis(90_000), Event::Touched), [play]);
    let effects = player.on(Millis(90_001), Event::Painted(surface));
    assert_eq!(told(&effects), Some((ONE, Picture::Loop(A), false)));
}

#[test]
fn when_the_video_in_sight_is_lost_the_placeholder_stands_in_and_the_clip_comes_back() {
    let (mut player, surface) = showing(Picture::Loop(A));
    let effects = player.on(NOW, Event::Broken(surface));
    let (again, clip) = loaded(&effects).unwrap();
    assert!(clip == A && again.place != surface.place);
    let Some(Effect::Draw(still, _)) = effects.iter().find(|e| matches!(e, Effect::Draw(..))) else {
        panic!("{effects:?}")
    };
    assert!(revealed(&player.on(NOW, Event::Painted(*still))).is_some());
    assert_eq!(told(&player.on(NOW, Event::Painted(again))), Some((ONE, Picture::Loop(A), false)));
}

#[test]
fn a_video_that_is_lost_again_and_again_is_given_up() {
    let (mut player, mut surface) = showing(Picture::Loop(A));
    for _ in 0..10 {
        let effects = player.on(NOW, Event::Broken(surface));
        if effects.contains(&Effect::Lost(ONE, Picture::Loop(A))) {
            return;
        }
        surface = loaded(&effects).map(|(surface, _)| surface).or(rewound(&effects)).unwrap();
        let _ = player.on(NOW, Event::Painted(surface));
    }
    panic!("it would go on for ever");
}

#[test]
fn a_video_that_does_not_move_is_told_to_play_and_then_loaded_anew() {
    let (mut player, surface) = showing(Picture::Loop(A));
    let at = player.next_wake(Millis(40)).unwrap();
    let mut now = at;
    let mut effects = player.on(now, Event::Tick);
    while !effects.contains(&Effect::Play { surface, looped: true }) {
        now = player.next_wake(now).unwrap();
        effects = player.on(now, Event::Tick);
    }
    assert!(now >= Millis(3_000));
    let moving = Event::At { surface, at: Millis(40), length: Millis(2_000) };
    let _ = player.on(now, moving.clone());
    now = player.next_wake(now).unwrap();
    assert!(player.on(now, Event::Tick).contains(&Effect::Play { surface, looped: true }));
    now = player.next_wake(now).unwrap();
    let (anew, clip) = loaded(&player.on(now, Event::Tick)).unwrap();
    assert!(clip == A && anew != surface);
}
