// A toy chat with a character beside it. The answer is canned; a real one would stream from a server.
import "cuelight/react";
import type { ConversationEvent, CuelightCharacterElement } from "cuelight";
import { useRef, useState } from "react";
import type { FormEvent } from "react";

const ANSWER = "This is a canned demo answer: no assistant is connected to this page.".split(" ");

/** One piece of the answer after the other, as a model would send them. */
async function* stream(): AsyncGenerator<string> {
  for (const word of ANSWER) {
    await new Promise((resolve) => setTimeout(resolve, 120));
    yield `${word} `;
  }
}

export function Chat() {
  const character = useRef<CuelightCharacterElement>(null);
  const [state, setState] = useState("idle");
  const [answer, setAnswer] = useState("");
  const [message, setMessage] = useState("");
  const [paused, setPaused] = useState(false);
  const tell = (event: ConversationEvent) => character.current?.send(event);

  async function ask(event: FormEvent) {
    event.preventDefault();
    tell({ type: "sent", text: message });
    setMessage("");
    setAnswer("");
    tell({ type: "stream-started" });
    for await (const text of stream()) {
      tell({ type: "stream-token", text });
      setAnswer((before) => before + text);
    }
    tell({ type: "stream-ended" });
  }

  return (
    <main>
      <h1>A chat with a character</h1>
      <cuelight-character
        ref={character}
        character="bolt"
        tier="enterprise"
        maxWait={3000}
        announce
        paused={paused}
        oncuelight-state={(event) => setState(event.detail.state)}
      />
      <p>
        Bolt is <output data-testid="state">{state}</output>.{" "}
        <button type="button" aria-pressed={paused} onClick={() => setPaused(!paused)}>
          Pause
        </button>
      </p>
      <form onSubmit={ask}>
        <label htmlFor="message">Message</label>
        <input
          id="message"
          data-testid="message"
          autoComplete="off"
          value={message}
          onChange={(event) => {
            setMessage(event.target.value);
            tell({ type: "typing" });
          }}
        />
        <button type="submit">Send</button>
      </form>
      <p data-testid="answer">{answer}</p>
    </main>
  );
}
