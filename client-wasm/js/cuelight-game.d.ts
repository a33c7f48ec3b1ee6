import type { Options, Shown, Stats, TokenNeeded } from "./cuelight.js";

export { default, CuelightCharacterElement } from "./cuelight.js";
export type {
  Background,
  CharacterSpec,
  ConversationEvent,
  CuelightEvents,
  Options,
  OwnState,
  Preset,
  Rules,
  Shown,
  Stats,
  Tier,
  TokenNeeded,
} from "./cuelight.js";

/** What a game's character needs to know. */
export interface ActorOptions extends Options {
  /** Who plays; for the strategy `per_player`. 1 to 64 characters. */
  playerId?: string;
  /** Which playthrough this is; for the strategy `per_playthrough`. 1 to 64 characters. */
  playthroughId?: string;
  /**
   * Asked for a token when the edge wants another one. Meanwhile nothing fails: what has to be made
   * waits. When the source throws, rejects or has none, a later cue asks again, at most every 30 s.
   */
  tokenSource?: (why: TokenNeeded) => string | null | Promise<string | null>;
  /**
   * Told what went wrong: what an element tells by `cuelight-error`, except for a request that cannot be
   * read, which rejects. Called after the work that it is about, and not once the actor is destroyed. With
   * `panicked` the module broke under this actor, which has no frame until it is asked for something.
   */
  onError?: (error: ActorError) => void;
}

/** What went wrong. The character goes on as well as it can. */
export interface ActorError {
  /** A word to decide by, such as `budget_exceeded`, `clip_broken`, `module_unavailable` or `panicked`. */
  code: string;
  /** A sentence for whoever looks into it; it may change. */
  detail: string;
}

/** A game character's reaction. Words are free; what a renderer does not know reads as neutral. */
export interface Reaction {
  expression?: string;
  emotion?: string;
  animation?: string;
  /** 0 to 1, rounded to a tenth. */
  intensity?: number;
}

/** What may stand in for a clip that is on its way. */
export type Fallback = "cached" | "placeholder" | "freeze" | "skip" | "retry";

/** How a reaction is asked for. */
export interface RequestOptions {
  /** How urgent a job for it is if the clip has to be made: a whole number from 0 to 20; default 10. */
  priority?: number;
  /**
   * Who shares the clip: everybody (`once`, the default), whoever is in this playthrough, this player, or
   * nobody: `always` has one made for this request only, each time, and each time it is paid for.
   */
  strategy?: "once" | "per_playthrough" | "per_player" | "always";
  /** In place of the actor's own; for this request. */
  playerId?: string;
  /** In place of the actor's own; for this request. */
  playthroughId?: string;
  /** How long to wait for the clip, ms, at most 600000. Default: the actor's `maxWait`. */
  maxWait?: number;
  /**
   * What is shown after that: the first of these that can be had. `placeholder`, the default, is drawn;
   * with `freeze`, `skip` and `retry` what is there stays, unless there is nothing yet, and the request
   * resolves with `null`. `cached`, first in the list, shows the closest reaction at hand, one with the same
   * expression or the same emotion; where there is none, the next counts. `retry`, anywhere in the list, asks
   * once more for a clip that failed, a second later. The clip takes over when it arrives in any case.
   */
  fallback?: Fallback | Fallback[];
}

/** A character that a game draws: no element, a frame source instead. */
export class CuelightActor {
  constructor(options: ActorOptions);
  /**
   * Used from the next call on, and for all that waits for one. Throws if it is not one; until the module is
   * there, `request` rejects instead.
   */
  set token(token: string | null);
  /** Whether it stands still. What is asked for still changes its picture. */
  paused: boolean;
  /**
   * Cues a reaction. What is on screen stays until the new clip's first frame is there; after
   * `maxWait` the placeholder is shown, and the clip takes over when it arrives. A newer request
   * wins: an older one that is still pending resolves with `null`.
   *
   * Resolves with `null`, too, when `maxWait` is over and what was there stays, as `fallback` asked.
   * What cannot be read rejects, with the field that is wrong. If the module breaks, the promise rejects
   * with the code `panicked`; if it breaks under another character, this one asks again by itself.
   */
  request(cue: Reaction, options?: RequestOptions): Promise<Shown | null>;
  /**
   * How much of it the game shows, for instance less when it walks out of the picture: all characters of a
   * page share the browser's decoders, and who is seen most comes first. `fraction` is the part of it that is
   * in sight, 0 to 1; 1 until it is said. `area` is the size of the whole character on the page, CSS px
   * squared, from 0; without it the one that was given last, at first 100000. At a `fraction` or an `area`
   * of 0 its decoders are given to others, within two seconds: its frame stands still, and what it is asked
   * for is answered by the placeholder until it is seen again. Throws a `TypeError` for anything else.
   */
  setVisible(fraction: number, area?: number): void;
  /**
   * The current frame, for `drawImage` or `texImage2D`; null before the first one, and after the module
   * broke until there is one again.
   */
  readonly frame: HTMLVideoElement | HTMLImageElement | HTMLCanvasElement | null;
  /** Draws the current frame; false when there is none yet. */
  draw(context: CanvasRenderingContext2D, x: number, y: number, width: number, height: number): boolean;
  /**
   * Brings a texture up to date, for a game that draws by WebGL: uploads the current frame if it is not
   * the one that the texture holds, and says whether it did. A clip has 8 to 30 frames a second, so most
   * calls of a game at 60 cost nothing. The texture stays bound to the active unit's `TEXTURE_2D`;
   * flipping and premultiplying are as the game has set them.
   */
  upload(gl: WebGLRenderingContext | WebGL2RenderingContext, texture: WebGLTexture): boolean;
  stats(): Stats;
  /** Releases everything. May be called twice. */
  destroy(): void;
}

/** What a response graph asks for; may be given to `request()` as it is. */
export interface GraphCue extends Required<Reaction> {
  /** How urgent it is, 0 to 20. */
  priority: number;
  /** The name of the response, where the graph gives it one. */
  response: string | null;
}

/**
 * A running response graph: from what a player does, step by step, to the cues of a character. The same
 * graph, seed, steps and inputs give the same cues everywhere.
 */
export class ResponseGraph {
  private constructor();
  /**
   * Reads a graph: its JSON, or the object that it stands for. `seed`, a whole number, decides what is
   * chosen by chance; default 0. Rejects with what is wrong: which node, and what to do about it.
   */
  static load(graph: string | object, seed?: number): Promise<ResponseGraph>;
  /**
   * `ms` milliseconds pass with these inputs; one that is not given has its default. Gives a cue when
   * the character should do something else, and null otherwise. Throws for an input that the graph does
   * not have or a value that it may not have, and no time has passed then.
   */
  advance(ms: number, inputs?: Record<string, number | boolean | string | null>): GraphCue | null;
  /** The cue that was given last; null before the first. */
  readonly cue: GraphCue | null;
  /** The names of the inputs. */
  readonly inputs: string[];
  /** Releases its memory. May be called twice. */
  destroy(): void;
}
