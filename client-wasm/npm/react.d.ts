import type { DetailedHTMLProps, HTMLAttributes } from "react";
import type {
  Background,
  CharacterSpec,
  CuelightCharacterElement,
  CuelightEvents,
  Preset,
  Rules,
  Tier,
} from "./cuelight.js";

/**
 * Listeners, by React 19's rule for custom elements: `on` and the event's own name. Hydration adds none: a page
 * that is rendered by a server uses `addEventListener`.
 */
type Listeners = {
  [Name in keyof CuelightEvents as `on${Name}`]?: (event: CuelightEvents[Name]) => void;
};

/**
 * What `<cuelight-character>` takes in JSX. Props with a hyphen are attributes, and the only ones of several
 * words that a page rendered by a server can use: there React writes `maxWait` as `maxwait`.
 */
export interface CuelightCharacterProps
  extends DetailedHTMLProps<HTMLAttributes<CuelightCharacterElement>, CuelightCharacterElement>,
    Listeners {
  /** A built-in character's id. */
  character?: string;
  /** A definition, for a character that is not built in. A server does not render it. */
  spec?: CharacterSpec | null;
  /** Origin of the edge. Default: where the page comes from. */
  endpoint?: string;
  /** Whose clips these are: the `namespace` of the tenant in the edge's settings. Default `demo`. */
  tenant?: string;
  /** Default `fast`. */
  preset?: Preset;
  /** Not above the tenant's `plan`. Default `free`. */
  tier?: Tier;
  /**
   * How long a clip that exists is waited for before the placeholder is shown, ms; default 300. With nothing on
   * screen yet the placeholder is shown at once; a poster stays as long as this says.
   */
  maxWait?: number;
  /** `maxWait`, for a page rendered by a server. */
  "max-wait"?: number | string;
  /** Whether clips are made and fetched ahead of need. Default true. `"false"`: for a page rendered by a server. */
  predict?: boolean | "false";
  /** Over how long a loop's end fades into its beginning, ms; default 0, which cuts. */
  crossfade?: number;
  /** How long a switch may wait for a good moment in the running loop, ms; default 0. */
  maxDelay?: number;
  /** `maxDelay`, for a page rendered by a server. */
  "max-delay"?: number | string;
  /** Shows a clip in the quickest preset until the wanted one is there. */
  progressive?: boolean;
  /** The character's own states and rules; as JSON on a page rendered by a server. */
  rules?: Rules | string | null;
  /** What becomes of the clip's background. Default `keep`. */
  background?: Background;
  /** What the edge lets the page in by. */
  token?: string | null;
  /** Address of a picture to show until there is one of the character. */
  poster?: string;
  /** The text alternative; empty for a decoration. */
  alt?: string;
  /** `eager` brings the module at once. Default: when the character is near the viewport or wanted. */
  loading?: "eager" | "lazy";
  /** Says changes of state to people who listen. */
  announce?: boolean;
  /** The words of the text alternative and of announcements. Default `{name} is {state}`. */
  stateLabel?: string;
  /** `stateLabel`, for a page rendered by a server. */
  "state-label"?: string;
  /** Shows a pause button. */
  controls?: boolean;
  /** What the pause button is called. Default `Pause the animation`. */
  pauseLabel?: string;
  /** `pauseLabel`, for a page rendered by a server. */
  "pause-label"?: string;
  /** Stops all motion. */
  paused?: boolean;
}

declare module "react" {
  namespace JSX {
    interface IntrinsicElements {
      "cuelight-character": CuelightCharacterProps;
    }
  }
}
