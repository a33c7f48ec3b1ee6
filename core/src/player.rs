//! Two video surfaces and one still one. The next picture is loaded out of sight and shown only
//! when its first frame is painted; until then the old one stays. Never says that something is
//! shown before it is, and never lets an older cue replace a newer one.

/// Numbers cues in the order they were given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Ticket(pub u64);

/// Where something is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Surface {
    /// The first video.
    A,
    /// The second video.
    B,
    /// The picture that stands in for a video.
    Still,
}

/// What is to be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Picture {
    /// A clip, again and again.
    Loop,
    /// A clip, once; its last frame stays.
    Once,
    /// The placeholder.
    Still,
}

/// What the player is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// Show this. A cue may be given a second picture under the same ticket: a clip for its placeholder.
    Show(Ticket, Picture),
    /// The first frame of what was loaded is painted.
    Painted(Surface, Ticket),
    /// What was loaded cannot be shown.
    Broken(Surface, Ticket),
    /// A clip that plays once is at its end.
    Ended(Surface, Ticket),
    /// The browser refused to play.
    Refused(Surface, Ticket),
    /// The user touched the page: what was refused may be allowed now.
    Touched,
    /// The page is seen, or not.
    Visible(bool),
    /// The user wants little motion, or does not mind.
    Calm(bool),
}

/// What the player asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Load the ticket's picture out of sight, paused, and report its first frame.
    Load {
        /// Where.
        surface: Surface,
        /// Whose picture.
        ticket: Ticket,
        /// Whether it starts over at its end.
        looped: bool,
    },
    /// Bring this surface into sight, then take the others out of it.
    Reveal(Surface),
    /// Play.
    Play(Surface),
    /// Stop where it is.
    Pause(Surface),
    /// Let go of what this surface holds.
    Release(Surface),
    /// This is on screen now.
    Shown(Ticket, Picture),
    /// The one-shot of this ticket has been played.
    Finished(Ticket),
    /// The ticket's picture could not be shown; what was there stays.
    Lost(Ticket, Picture),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Held {
    surface: Surface,
    ticket: Ticket,
    picture: Picture,
}

/// Which picture is on screen, and which one waits for its first frame.
#[derive(Debug, Clone)]
pub struct Player {
    shown: Option<Held>,
    staged: Option<Held>,
    newest: Ticket,
    visible: bool,
    calm: bool,
}

impl Default for Player {
    fn default() -> Self {
        Self { shown: None, staged: None, newest: Ticket::default(), visible: true, calm: false }
    }
}

impl Player {
    /// The ticket and the picture on screen.
    #[must_use]
    pub fn shown(&self) -> Option<(Ticket, Picture)> {
        self.shown.map(|held| (held.ticket, held.picture))
    }

    /// The surface on screen.
    #[must_use]
    pub fn surface(&self) -> Option<Surface> {
        self.shown.map(|held| held.surface)
    }

    /// Takes an event.
    #[must_use]
    pub fn on(&mut self, event: Event) -> Vec<Effect> {
        match event {
            Event::Show(ticket, picture) => self.show(ticket, picture),
            Event::Painted(surface, ticket) => self.painted(surface, ticket),
            Event::Broken(surface, ticket) => self.broken(surface, ticket),
            Event::Ended(surface, ticket) => {
                let ended = self.is_shown(surface, ticket, Picture::Once);
                if ended { vec![Effect::Finished(ticket)] } else { Vec::new() }
            }
            // A still first frame is a normal state. The next touch or return to the page tries again.
            Event::Refused(..) => Vec::new(),
            Event::Touched => self.resume(),
            Event::Visible(visible) => {
                self.visible = visible;
                self.resume()
            }
            Event::Calm(calm) => {
                self.calm = calm;
                self.resume()
            }
        }
    }

    fn show(&mut self, ticket: Ticket, picture: Picture) -> Vec<Effect> {
        if ticket < self.newest {
            return Vec::new();
        }
        self.newest = ticket;
        let mut effects = Vec::new();
        let surface = match (picture, self.shown) {
            (Picture::Still, _) => Surface::Still,
            (_, Some(Held { surface: Surface::A, .. })) => Surface::B,
            _ => Surface::A,
        };
        if let Some(old) = self.staged.take().filter(|old| old.surface != surface) {
            // The still surface may be staged and shown at once; what is on screen is not let go.
            if self.shown.is_none_or(|shown| shown.surface != old.surface) {
                effects.push(Effect::Release(old.surface));
            }
        }
        self.staged = Some(Held { surface, ticket, picture });
        effects.push(Effect::Load { surface, ticket, looped: picture == Picture::Loop });
        effects
    }

    fn painted(&mut self, surface: Surface, ticket: Ticket) -> Vec<Effect> {
        let Some(held) = self.staged.filter(|held| held.surface == surface && held.ticket == ticket) else {
            return Vec::new();
        };
        self.staged = None;
        let old = self.shown.replace(held);
        let mut effects = vec![Effect::Reveal(surface)];
        if surface != Surface::Still && self.visible && !self.calm {
            effects.push(Effect::Play(surface));
        }
        if let Some(old) = old.filter(|old| old.surface != surface) {
            effects.push(Effect::Release(old.surface));
        }
        effects.push(Effect::Shown(ticket, held.picture));
        effects
    }

    fn broken(&mut self, surface: Surface, ticket: Ticket) -> Vec<Effect> {
        match self.staged.filter(|held| held.surface == surface && held.ticket == ticket) {
            Some(held) => {
                self.staged = None;
                vec![Effect::Lost(ticket, held.picture)]
            }
            None => Vec::new(),
        }
    }

    fn resume(&self) -> Vec<Effect> {
        match self.shown.filter(|held| held.surface != Surface::Still) {
            Some(held) if self.visible && !self.calm => vec![Effect::Play(held.surface)],
            Some(held) => vec![Effect::Pause(held.surface)],
            None => Vec::new(),
        }
    }

    fn is_shown(&self, surface: Surface, ticket: Ticket, picture: Picture) -> bool {
        self.shown == Some(Held { surface, ticket, picture })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ONE: Ticket = Ticket(1);
    const TWO: Ticket = Ticket(2);

    fn showing(picture: Picture) -> Player {
        let mut player = Player::default();
        let _ = player.on(Event::Show(ONE, picture));
        let _ = player
            .on(Event::Painted(if picture == Picture::Still { Surface::Still } else { Surface::A }, ONE));
        player
    }

    #[test]
    fn a_clip_is_shown_when_its_first_frame_is_painted_and_not_before() {
        let mut player = Player::default();
        let load = Effect::Load { surface: Surface::A, ticket: ONE, looped: true };
        assert_eq!(player.on(Event::Show(ONE, Picture::Loop)), [load]);
        assert_eq!(player.shown(), None);
        let effects = player.on(Event::Painted(Surface::A, ONE));
        let expected =
            [Effect::Reveal(Surface::A), Effect::Play(Surface::A), Effect::Shown(ONE, Picture::Loop)];
        assert_eq!(effects, expected);
    }

    #[test]
    fn the_old_clip_is_let_go_only_after_the_new_one_is_revealed() {
        let mut player = showing(Picture::Loop);
        let _ = player.on(Event::Show(TWO, Picture::Once));
        assert_eq!(player.surface(), Some(Surface::A));
        let effects = player.on(Event::Painted(Surface::B, TWO));
        let at = |wanted| effects.iter().position(|effect| *effect == wanted).unwrap();
        assert!(at(Effect::Reveal(Surface::B)) < at(Effect::Release(Surface::A)));
    }

    #[test]
    fn an_older_cue_cannot_come_back() {
        let mut player = Player::default();
        let _ = player.on(Event::Show(TWO, Picture::Loop));
        assert_eq!(player.on(Event::Show(ONE, Picture::Loop)), []);
        let mut player = Player::default();
        let _ = player.on(Event::Show(ONE, Picture::Loop));
        let _ = player.on(Event::Show(TWO, Picture::Loop));
        assert_eq!(player.on(Event::Painted(Surface::A, ONE)), []);
        assert_eq!(player.shown(), None);
    }

    #[test]
    fn a_clip_takes_over_from_its_own_placeholder() {
        let mut player = showing(Picture::Still);
        let _ = player.on(Event::Show(ONE, Picture::Loop));
        let effects = player.on(Event::Painted(Surface::A, ONE));
        assert!(effects.contains(&Effect::Release(Surface::Still)));
    }

    #[test]
    fn a_broken_clip_leaves_what_is_there() {
        let mut player = showing(Picture::Loop);
        let _ = player.on(Event::Show(TWO, Picture::Loop));
        assert_eq!(player.on(Event::Broken(Surface::B, TWO)), [Effect::Lost(TWO, Picture::Loop)]);
        assert_eq!(player.shown(), Some((ONE, Picture::Loop)));
    }

    #[test]
    fn a_one_shot_reports_its_end_once_it_is_on_screen() {
        let mut player = showing(Picture::Once);
        assert_eq!(player.on(Event::Ended(Surface::A, ONE)), [Effect::Finished(ONE)]);
        assert_eq!(player.on(Event::Ended(Surface::B, TWO)), []);
        assert_eq!(showing(Picture::Loop).on(Event::Ended(Surface::A, ONE)), []);
    }

    #[test]
    fn nothing_moves_for_who_wants_calm_but_the_picture_still_changes() {
        let mut player = showing(Picture::Loop);
        assert_eq!(player.on(Event::Calm(true)), [Effect::Pause(Surface::A)]);
        let _ = player.on(Event::Show(TWO, Picture::Loop));
        let effects = player.on(Event::Painted(Surface::B, TWO));
        assert!(
            effects.contains(&Effect::Reveal(Surface::B)) && !effects.contains(&Effect::Play(Surface::B))
        );
        assert_eq!(player.on(Event::Calm(false)), [Effect::Play(Surface::B)]);
    }

    #[test]
    fn a_page_out_of_sight_stops_and_a_refused_clip_resumes_at_a_touch() {
        let mut player = showing(Picture::Loop);
        assert_eq!(player.on(Event::Visible(false)), [Effect::Pause(Surface::A)]);
        assert_eq!(player.on(Event::Touched), [Effect::Pause(Surface::A)]);
        assert_eq!(player.on(Event::Visible(true)), [Effect::Play(Surface::A)]);
        assert_eq!(player.on(Event::Refused(Surface::A, ONE)), []);
        assert_eq!(player.on(Event::Touched), [Effect::Play(Surface::A)]);
    }

    fn any_event() -> impl Strategy<Value = Event> {
        let ticket = || (1u64..20).prop_map(Ticket);
        let surface = || prop_oneof![Just(Surface::A), Just(Surface::B), Just(Surface::Still)];
        let picture = prop_oneof![Just(Picture::Loop), Just(Picture::Once), Just(Picture::Still)];
        prop_oneof![
            4 => (ticket(), picture).prop_map(|(t, p)| Event::Show(t, p)),
            4 => (surface(), ticket()).prop_map(|(s, t)| Event::Painted(s, t)),
            1 => (surface(), ticket()).prop_map(|(s, t)| Event::Broken(s, t)),
            1 => (surface(), ticket()).prop_map(|(s, t)| Event::Ended(s, t)),
            1 => any::<bool>().prop_map(Event::Visible),
            1 => any::<bool>().prop_map(Event::Calm),
            1 => Just(Event::Touched),
        ]
    }

    proptest! {
        #[test]
        fn once_something_is_on_screen_it_is_never_blank_and_time_never_runs_backwards(
            events in prop::collection::vec(any_event(), 0..200)
        ) {
            let mut player = Player::default();
            // What a screen would show: painted surfaces, and the one in sight.
            let (mut in_sight, mut last): (Option<Surface>, Ticket) = (None, Ticket(0));
            for event in events {
                let painted = match event { Event::Painted(surface, _) => Some(surface), _ => None };
                for effect in player.on(event) {
                    match effect {
                        Effect::Reveal(surface) => {
                            prop_assert_eq!(Some(surface), painted, "only what is painted is revealed");
                            in_sight = Some(surface);
                        }
                        Effect::Release(surface) => prop_assert_ne!(Some(surface), in_sight),
                        Effect::Load { surface, .. } if surface != Surface::Still => {
                            prop_assert_ne!(Some(surface), in_sight);
                        }
                        Effect::Shown(ticket, _) => {
                            prop_assert!(ticket >= last);
                            last = ticket;
                        }
                        _ => {}
                    }
                }
                prop_assert_eq!(in_sight, player.surface());
            }
        }
    }
}
