// What the edge is measured against: the same work in plain JavaScript, as somebody would write it in
// an afternoon. No validation, no logs, no problem documents.

export default {
  async fetch(request, env, context) {
    const { pathname } = new URL(request.url);
    if (request.method === "GET" && pathname.startsWith("/clips/")) {
      return clip(request, env, context, pathname.slice("/clips/".length));
    }
    if (pathname === "/api/v1/health") return Response.json({ status: "ok" });
    if (request.method === "POST" && pathname === "/api/v1/jobs") return job(request, env);
    return new Response("not found", { status: 404 });
  },
};

async function clip(request, env, context, key) {
  const cached = await caches.default.match(request);
  if (cached) return cached;
  const object = await env.CLIPS.get(key);
  if (!object) return new Response("no such clip", { status: 404 });
  const response = new Response(object.body, {
    headers: {
      "content-type": object.httpMetadata.contentType,
      "content-length": String(object.size),
      etag: object.httpEtag,
      "cache-control": "public, max-age=31536000, immutable",
      "access-control-allow-origin": "*",
    },
  });
  context.waitUntil(caches.default.put(request, response.clone()));
  return response;
}

async function job(request, env) {
  const body = await request.json();
  const text = new TextEncoder().encode(JSON.stringify(sorted(body)));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", text));
  const key = Array.from(digest.subarray(0, 16), (byte) => byte.toString(16).padStart(2, "0")).join("");
  const stored = await env.CLIPS.head(key);
  const id = `${key}.${crypto.randomUUID()}`;
  if (stored) {
    const content = { url: `/clips/${key}`, content_type: stored.httpMetadata.contentType, bytes: stored.size };
    return Response.json({ id, job_id: id, status: "complete", source: "hit", cache_key: key, content });
  }
  const flight = env.FLIGHTS.get(env.FLIGHTS.idFromName(key));
  const status = await (await flight.fetch("https://flight/", { method: "POST", body: key })).json();
  return Response.json({ id, job_id: id, cache_key: key, ...status }, { status: 202 });
}

// Objects with their members in order, all the way down.
function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.keys(value).sort().map((name) => [name, sorted(value[name])]));
}

// One object a key: the first caller starts the work, the others join it.
export class Flight {
  constructor(state) {
    this.state = state;
    this.callers = 0;
  }

  async fetch(request) {
    const key = await request.text();
    this.callers += 1;
    if (this.callers === 1) await this.state.storage.put("flight", { key, began: Date.now() });
    return Response.json({ status: "queued", source: this.callers === 1 ? "generated" : "coalesced" });
  }
}
