// The scripted assistant: what it can answer, and the whole conversation as it is played.
// It knows no language model, no page and no clock.

/**
 * @typedef {object} Answer
 * @property {string} text What is streamed.
 * @property {{type: string, value?: number, technical?: boolean}[]} reports What the assistant
 *   says about its own answer, once it is streamed: sentiment, confidence, or off-topic.
 * @property {boolean} [ends] Whether the conversation is over afterwards.
 */

const sure = (value, technical = false) => ({ type: "confidence", value, technical });
const feels = (value) => ({ type: "sentiment", value });

const ANSWERS = [
  {
    keywords: ["goodbye", "bye", "that is all", "that's all", "see you"],
    text: "Good night, and happy reading. Mind the beak when you dust.",
    reports: [],
    ends: true,
  },
  {
    keywords: ["arrived with", "crack", "dent", "broken", "damaged", "scratch", "faulty", "complain", "late", "missing"],
    text: "Oh no. I am sorry: that is not how a heron should land. A new shade goes out tomorrow, free, and you keep the old one.",
    reports: [feels(-0.7), sure(0.8)],
  },
  {
    keywords: ["thank", "thanks", "wonderful", "lovely", "great", "love it", "perfect", "kind"],
    text: "That warms my capacitors. Thank you! I will tell the workshop, they keep a jar for kind words.",
    reports: [feels(0.9)],
  },
  {
    keywords: ["refund", "return", "send it back", "money back"],
    text: "You have 60 nights. If it is not your lamp, post it back in its box and you get all of it back.",
    reports: [sure(0.85)],
  },
  {
    keywords: ["price", "cost", "discount", "how much", "buy", "order", "cheap"],
    text: "The Heron is $148 with postage. Take two and the pair is $268, which is our only discount and a rather good one.",
    reports: [sure(0.88)],
  },
  {
    keywords: ["toast", "crumpet", "weather", "football", "joke", "poem", "president", "sing", "dinner", "meaning of life"],
    text: "I was not expecting that! It reaches 34 degrees at the beak, so your crumpet would take about a year. Shall we go back to light?",
    reports: [{ type: "off-topic" }],
  },
  {
    keywords: ["narrowboat", "boat", "caravan", "12v", "outdoor", "garden", "bath", "bathroom", "left handed"],
    text: "Hmm. I am not sure. It wants USB-C power and a level foot, and I have never been told about that place. Please ask a person before you order.",
    reports: [sure(0.3)],
  },
  {
    keywords: ["bright", "lumen", "read", "light", "kelvin", "cri", "dim", "flicker", "eyes"],
    text: "Yes. 850 lumen at 2700 to 4000 kelvin, CRI 95, spread along the whole beak, with no flicker at any level. An open book is lit edge to edge.",
    reports: [sure(0.96, true)],
  },
  {
    keywords: ["power", "watt", "usb", "cord", "cable", "bulb", "weigh", "weight", "tall", "size", "reach", "dimension", "material"],
    text: "It draws 9 watts from USB-C over a 2 metre linen cord. It stands 52 cm tall, reaches 46 cm, and weighs 2.3 kg with its tail.",
    reports: [sure(0.97, true)],
  },
  {
    keywords: ["ship", "deliver", "post", "arrive", "how long"],
    text: "It leaves our workshop within two days and usually takes three more to reach you.",
    reports: [sure(0.8)],
  },
  {
    keywords: ["colour", "color", "tide", "moss", "chalk", "persimmon", "green", "blue"],
    text: "Tide, Persimmon, Moss and Chalk. Tide is what most people choose; Chalk is what most people choose second.",
    reports: [sure(0.85)],
  },
  {
    keywords: ["heron", "name", "why", "who are you", "robot", "real person", "human", "ai"],
    text: "The lamp is called Heron because it stands on one leg and waits. I am Bolt, a cartoon with a script: no language model in here.",
    reports: [sure(0.85)],
  },
  {
    keywords: ["hello", "hi", "hey", "good evening", "good morning"],
    text: "Hello! Ask me about the light, the price or the post. I know this lamp by heart, and little else.",
    reports: [sure(0.8)],
  },
];

const UNKNOWN = {
  text: "I only know a script, and that is not in it. Try the light, the price, the colours or the post.",
  reports: [sure(0.2)],
};

/** What is shown as suggestions under the conversation. */
export const SUGGESTIONS = [
  "Is it bright enough to read by?",
  "What is the price?",
  "Does it work on a narrowboat?",
  "Can it toast a crumpet?",
  "Mine arrived with a crack",
  "Thank you, that is lovely",
  "Goodbye",
];

/** The visitor's lines of the conversation that "Play the whole conversation" plays. */
export const CONVERSATION = [
  "Hi! Is the Heron bright enough to read by?",
  "What is the price, and is there a discount?",
  "Would it work on a narrowboat?",
  "Can it toast a crumpet?",
  "My first one arrived with a crack in the shade.",
  "A new one, free? That is wonderful, thank you!",
  "That is all for tonight. Goodbye!",
];

/** How well a text fits an answer, in matched letters. Short words match whole: "hi" is not in "high". */
function fit(text, keywords) {
  const found = keywords.filter((word) => text.includes(word.length < 4 ? ` ${word} ` : ` ${word}`));
  return found.reduce((sum, word) => sum + word.length, 0);
}

/** The scripted answer that fits best; an honest "I only know a script" when none does. @returns {Answer} */
export function answerTo(message) {
  const text = ` ${message.toLowerCase().replace(/[^a-z0-9']+/g, " ")} `;
  let best = UNKNOWN;
  let most = 0;
  for (const answer of ANSWERS) {
    const score = fit(text, answer.keywords);
    if (score > most) [best, most] = [answer, score];
  }
  return best;
}
