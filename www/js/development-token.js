// A token for trying Cuelight on one's own machine: an edge in development mode gives one to whoever
// asks. Everywhere else a page's token comes from the page's own server, and this page goes on without.

/** What the page asks for: room for two people who try everything, and fifty dollars that are not real. */
const WISH = { requests: { count: 240, window_s: 60 }, budget_micro_usd: 50_000_000 };
/** A token is replaced when this share of its life is left. */
const RENEW_AT = 0.2;
/** A renewal is never tried more often, ms. */
const LEAST_MS = 10_000;

/** The token of this page, and what to say about it. */
class DevelopmentToken extends EventTarget {
  /** The token; null while there is none. */
  value = null;
  /** In words, for a panel. */
  words = "none, this edge gives no development tokens";
  #asking = null;

  /** Asks for a token, once however many characters want one. Resolves with it, or with null. */
  ask() {
    this.#asking ??= this.#request().finally(() => {
      this.#asking = null;
    });
    return this.#asking;
  }

  async #request() {
    let answer;
    try {
      answer = await fetch("/api/v1/tokens", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ origins: [location.origin], ...WISH }),
      });
      if (answer.status !== 201) return null;
      const { token, expires_at: expires } = await answer.json();
      this.value = token;
      this.words = `development token, until ${new Date(expires).toLocaleTimeString()}`;
      const life = new Date(expires).getTime() - Date.now();
      if (life > 0) setTimeout(() => this.ask(), Math.min(2 ** 31 - 1, Math.max(LEAST_MS, life * (1 - RENEW_AT))));
      this.dispatchEvent(new Event("change"));
      return token;
    } catch (cause) {
      // Clips that exist need no token, and an edge that wants one will say so.
      console.warn("The edge could not be asked for a development token.", cause);
      return null;
    }
  }
}

export const developmentToken = new DevelopmentToken();
