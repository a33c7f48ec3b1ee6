/** The quality a clip is generated in: 256 px at 8 frames a second, up to 768 px at 30. */
export type Preset = "realtime" | "fast" | "balanced" | "quality";

/** Which states a character may show: 4, 8 or all 12. */
export type Tier = "free" | "pro" | "enterprise";

/** A character that is not built in. Colours are written `#rrggbb`. */
export interface CharacterSpec {
  /** 1 to 64 characters of a-z, 0-9 and -. */
  id: string;
  /** Raise it whenever the artwork changes. Default 1. */
  version?: number;
  /** Used in the text alternative. */
  name?: string;
  /** Every clip of the character is made with it. Default 0. */
  seed?: number;
  look: {
    body: "robot" | "blob" | "sage" | "athlete" | "cat" | "owl";
    primary: string;
    secondary: string;
    accent: string;
    backdrop: string;
  };
}

/** A state of a page's own, or fields of a built-in one that the page tells differently. */
export interface OwnState {
  /** 1 to 32 small letters, digits, `-` or `_`; of a built-in state, to change that. */
  id: string;
  /** How it is told to people who do not see it: "Bolt is *packing your order*". Default: the id. */
  label?: string;
  /** The first plan that has it. Default `free`. */
  tier?: Tier;
  /** Default `held`: for as long as the mood lasts. */
  play?: "loop" | "once" | "held";
  /** Length of its clip; a clip is made 1,000 to 10,000 ms long. Default 3000. */
  duration_ms?: number;
  /** What stands in while there is no clip, best first. Default `["idle"]`. */
  fallback?: string[];
  /** What moves. The clip is made after its first words, 40 letters at most. Default: the id. */
  motion?: string;
}

/** One name of a conversation event, or several. */
type On = ConversationEvent["type"] | ConversationEvent["type"][];

/**
 * States and rules of a character's own. Everything is optional; what is not mentioned stays.
 * docs/states.md says what each field does.
 */
export interface Rules {
  states?: OwnState[];
  /** States whose built-in rules are left out. */
  without_rules?: string[];
  /** What may go on. One of a state that has an activity changes the fields it gives. */
  activities?: { state: string; starts?: On; ends?: On; times_out_ms?: number }[];
  /** States of activities, the one that wins first. */
  priority?: string[];
  /** Moods, added to the built-in ones. */
  moods?: {
    state: string;
    on: On;
    who?: "user" | "assistant";
    above?: number;
    below?: number;
    technical?: boolean;
    words?: string[];
    first?: boolean;
    waits_ms?: number;
    cooldown_ms?: number;
    clears?: boolean;
  }[];
  /** The state of rest. */
  rest?: string;
  dwell_ms?: number;
  held_ms?: number;
  crowded_ms?: number;
  /** How many moods may wait, 1 to 8. */
  queue?: number;
}

/**
 * What becomes of a clip's background: it is kept; the character's own backdrop, or the colour `#rrggbb`, is
 * keyed out; or the clip carries its transparency beside its colours, in its right half, or in its lower half
 * if it is taller than wide.
 */
export type Background = "keep" | "key" | `key #${string}` | "packed";

/** What a character needs to know. Attributes of the element carry the same names in kebab-case. */
export interface Options {
  /** Origin of the edge, for instance `https://clips.example`. Default: where the page comes from. */
  endpoint?: string;
  /**
   * Whose clips these are: the `namespace` of the tenant in the edge's settings. It enters the address of
   * every clip, so with another one none is found. Default `demo`.
   */
  tenant?: string;
  /** A built-in character's id, or a definition. */
  character: string | CharacterSpec;
  /** Default `fast`. */
  preset?: Preset;
  /** Not above the tenant's `plan`: the edge makes no clips of other states. Default `free`. */
  tier?: Tier;
  /**
   * How long a clip is waited for before the placeholder is shown, ms, at most 600000. An element, which waits
   * only for a clip that exists, waits 300 unless it is told; `request()` 5000.
   */
  maxWait?: number;
  /** Over how long the end of a loop fades into its beginning, ms, at most 1000; 0, the default, cuts. */
  crossfade?: number;
  /**
   * How long the switch from one loop to another may wait for a good moment in the running one, ms, at most
   * 10000; 0, the default, is now. A one-shot does not wait.
   */
  maxDelay?: number;
  /**
   * Whether a clip that has to be made is shown in the quickest preset first, and the wanted one takes
   * its place at a loop point. Both are made, and paid for. Default false.
   */
  progressive?: boolean;
  /**
   * The character's own states and rules, laid over the built-in ones; an object, or the same as JSON.
   * Of no use to an actor, which is told its cues.
   */
  rules?: Rules | string | null;
  /**
   * What becomes of the clip's background. Default `keep`; a clip that is transparent itself needs nothing else.
   * Where WebGL is missing or lost, clips are shown as they are and `cuelight-error` says
   * `keying_unavailable`.
   */
  background?: Background;
  /** Whether clips are made and fetched ahead of need. Default true. */
  predict?: boolean;
  /**
   * What the edge lets the page in by, if it wants that: a short-lived token that the page's own
   * server was given. It travels in an `Authorization` header and in the socket's subprotocol, never
   * in an address. Characters of a page that use the same edge share its session, and so its token:
   * the one that was set last, by any of them.
   */
  token?: string | null;
}

/** Why the edge wants another token. */
export interface TokenNeeded {
  /** `unauthorized`, `token_expired` or `token_revoked`. */
  code: string;
  detail: string;
}

/** What happens in a conversation. The character decides what to do about it. */
export type ConversationEvent =
  | { type: "opened" }
  | { type: "closed" }
  | { type: "hover" }
  | { type: "typing" }
  | { type: "sent"; text?: string }
  /** Somebody's words, for a page that learns the words apart from who does what. */
  | { type: "message"; text?: string; who: "user" | "assistant" }
  | { type: "stream-started" }
  | { type: "stream-token"; text?: string }
  | { type: "stream-ended" }
  /** -1 (negative) to 1 (positive). */
  | { type: "sentiment"; value: number }
  /** 0 to 1, and whether the question was a technical one. */
  | { type: "confidence"; value: number; technical?: boolean }
  | { type: "off-topic" }
  | { type: "error" };

/** What is on screen. */
export interface Shown {
  /** A real clip, or the labelled placeholder. */
  kind: "clip" | "placeholder";
  /** The clip's address; of the clip that is being made, for a placeholder. */
  key: string;
  /** Where the clip came from; `stored`: from this device, kept by an earlier visit. */
  from: "memory" | "stored" | "edge" | "generated" | "placeholder";
  /** From asking to showing, ms. */
  waitedMs: number;
  /** Whether it had been waiting on its painted first frame, because it was expected. */
  staged: boolean;
}

/**
 * A snapshot of what the client knows, for a panel. Before the module has loaded, everything is
 * zero or empty, the state is `idle` and the socket closed.
 */
export interface Stats {
  /**
   * `pending`: the module has not come yet. `full`: clips are played. `reduced`: WebAssembly cannot be
   * had, or broke; the state is followed and shown as a picture, and nothing else is counted.
   */
  mode: "pending" | "full" | "reduced";
  state: string;
  /** What was asked for last; empty before anything was. */
  cue: string;
  /** Whose clip is on screen; empty while the placeholder is. */
  shown: string;
  showing: "clip" | "placeholder";
  /** False while the edge cannot be reached; what is wanted is tried again by itself, at least every 5 s. */
  online: boolean;
  socket: "closed" | "connecting" | "open";
  /** `needed`: the edge refused the one it was shown, or wants one; calls wait for another. */
  token: "none" | "set" | "needed";
  /**
   * While the edge takes no more requests from this page: why (`rate_limited`, `lane_full`,
   * `budget_exceeded`, …) and until when, as `performance.now()` counts. Clips that exist are played
   * all the same, and nothing is made ahead of need.
   */
  limited: { code: string; until: number } | null;
  /** How many clips wait until they may be asked for. */
  waiting: number;
  cache: {
    entries: number;
    bytes: number;
    hits: number;
    misses: number;
    evictions: number;
    /** Clips for which there was no room in memory. */
    refused: number;
    /** What is kept on the device, in Cache Storage, for the whole page. */
    stored: { entries: number; bytes: number; hits: number; misses: number };
  };
  jobs: { id: string; key: string; cue: string; status: string; progress: number; speculative: boolean }[];
  predictions: { cue: string; probability: number; ready: boolean }[];
  /**
   * The video slots that the character has, the cues whose clips wait in one on their painted first
   * frame, how the last switch went, and how often a loop began again.
   */
  player: { slots: number; staged: string[]; lastStaged: boolean; lastWaitedMs: number; seams: number };
  /**
   * What was fetched or made ahead of need: clips, their bytes, and millionths of a dollar for those that
   * had to be made. What is neither used nor wasted is still open. `budget`: how many may be made now.
   */
  speculation: {
    requested: number;
    used: number;
    wasted: number;
    bytesRequested: number;
    bytesUsed: number;
    bytesWasted: number;
    microUsdRequested: number;
    microUsdUsed: number;
    microUsdWasted: number;
    budget: number;
  };
}

/**
 * Loads the WebAssembly module now. Never needed: an element brings it when it comes near the viewport
 * or is told something. Safe to call more than once; rejects when the module cannot be had.
 *
 * `wasm` is the address of `cuelight_client_bg.wasm` for a page that does not keep it beside the
 * module's script, and `rest` that of `cuelight_client_rest.wasm` if that is not beside it; only the first
 * call counts.
 */
export default function init(wasm?: string | URL, rest?: string | URL): Promise<void>;

/**
 * `<cuelight-character character="bolt" tier="enterprise">`: a character that follows a conversation.
 *
 * Costs next to nothing until it is near the viewport or wanted: told something, asked for its stats, or
 * `loading="eager"`. What it is told before is remembered, at most 256 calls.
 *
 * Slots: `poster` is shown until the first picture of the character; `fallback` in its place where nothing
 * of it can be had, until something can. Parts: `stage`, `video`, `canvas`, `still`, `poster`, `fallback`,
 * `pause-button`, `status`. Custom properties: `--cuelight-width`, `--cuelight-aspect-ratio`,
 * `--cuelight-background`, `--cuelight-placeholder`, `--cuelight-border-radius`, `--cuelight-focus`.
 */
export class CuelightCharacterElement extends HTMLElement {
  /** A built-in character's id. Reflects the attribute. */
  character: string;
  /** A definition, for a character that is not built in. Wins over `character`. */
  spec: CharacterSpec | null;
  /** Origin of the edge; empty: where the page comes from. Reflects the attribute. */
  endpoint: string;
  /** Whose clips these are: the `namespace` of the tenant in the edge's settings; empty: `demo`. Reflects the attribute. */
  tenant: string;
  /** One of `Preset`; empty: `fast`. Reflects the attribute. */
  preset: Preset | "";
  /** One of `Tier`; empty: `free`. Reflects the attribute. */
  tier: Tier | "";
  /**
   * How long a clip that exists is waited for before the placeholder is shown, ms; default 300, also for what
   * is no number. With nothing on screen yet the placeholder is shown at once; a poster stays as long as this
   * says. Reflects `max-wait`.
   */
  maxWait: number;
  /** Over how long a loop's end fades into its beginning, ms; 0 cuts. Reflects the attribute. */
  crossfade: number;
  /**
   * How long the switch from one loop to another may wait for a good moment in the running one, ms. Reflects
   * `max-delay`.
   */
  maxDelay: number;
  /** Whether a clip is shown in the quickest preset until the wanted one is there. Reflects the attribute. */
  progressive: boolean;
  /**
   * The character's own states and rules, laid over the built-in ones; an object, or the same as JSON. The
   * attribute of the same name takes JSON; whichever was set last counts. Rules that could trap the
   * character are refused by a `cuelight-error`, and the built-in ones apply. Others bring it to rest.
   */
  rules: Rules | string | null;
  /** What becomes of the clip's background; empty: `keep`. Reflects the attribute. */
  background: Background | "";
  /** Whether clips are made and fetched ahead of need. Reflects the attribute, which is `false` or absent. */
  predict: boolean;
  /** Address of a picture to show until there is one of the character. Reflects the attribute. */
  poster: string;
  /**
   * The text alternative in place of "Bolt is thinking"; an empty attribute makes the character a
   * decoration. Reflects the attribute.
   */
  alt: string;
  /** `eager` brings the module at once; anything else when the character is near or wanted. Reflects the attribute. */
  loading: "eager" | "lazy" | "";
  /** Whether changes of state are said politely to people who listen, at most one in 3 s. Reflects the attribute. */
  announce: boolean;
  /**
   * The words of the text alternative and of announcements, with `{name}` and `{state}`; empty: `{name} is {state}`.
   * Reflects `state-label`.
   */
  stateLabel: string;
  /** Whether there is a pause button. Reflects the attribute. */
  controls: boolean;
  /** What the pause button is called; empty: `Pause the animation`. Reflects `pause-label`. */
  pauseLabel: string;
  /** Whether all motion is stopped; stills still change with the state. Reflects the attribute. */
  paused: boolean;
  /**
   * Used from the next call on, and for all that waits for one. The attribute of the same name does
   * the same, for pages that are rendered by a server; whichever was set last counts.
   */
  set token(token: string | null);
  /** Tells the character what happens. */
  send(event: ConversationEvent): void;
  /** Shows a state whatever happens, until `setState(null)`. */
  setState(state: string | null): void;
  /** The state the character is in. */
  readonly state: string;
  stats(): Stats;
  /**
   * Releases everything; the poster is shown again. May be called twice. Being removed from the page
   * does the same by itself. The character comes back when it is put into the page again or told
   * something.
   */
  destroy(): void;
}

/** Events of the element, all bubbling. */
export interface CuelightEvents {
  /** The character is in another state. */
  "cuelight-state": CustomEvent<{ state: string; previous: string; cause: string }>;
  /** Something else is on screen. */
  "cuelight-shown": CustomEvent<Shown & { cue: string }>;
  /**
   * The edge cannot be reached, or can be again: told once each. Meanwhile what is wanted is tried again,
   * and comes by itself.
   */
  "cuelight-connection": CustomEvent<{ online: boolean }>;
  /** The edge told something about a clip that is being made. */
  "cuelight-job": CustomEvent<{ type: string; job_id: string; cache_key: string; progress?: number }>;
  /**
   * Something went wrong; the character goes on. Codes of the client's own: `invalid_options`,
   * `invalid_event`, `unknown_state`, `clip_broken`, `clip_too_large`, `placeholder_broken`, `unreachable`
   * (a clip could not be had after several attempts), `keying_unavailable` (see `Options.background`),
   * `module_unavailable`, `webassembly_refused` and `panicked` (both: see `Stats.mode`); of `rules`,
   * `invalid_states`,
   * `state_without_rule`, `state_unreachable`, `state_refused`, `state_without_exit` and
   * `too_many_rules`, with what is wrong or the path that leads there; the others are the edge's.
   */
  "cuelight-error": CustomEvent<{ code: string; detail: string }>;
  /**
   * The edge wants another token: set `element.token`. Fired once, not once a request; nothing fails
   * meanwhile, the placeholder stays and calls wait. Every element that uses the edge is told. If no
   * token comes, a later cue fires it again, at most every 30 s.
   */
  "cuelight-token-needed": CustomEvent<TokenNeeded>;
}

declare global {
  interface HTMLElementTagNameMap {
    "cuelight-character": CuelightCharacterElement;
  }
  interface HTMLElementEventMap extends CuelightEvents {}
}
