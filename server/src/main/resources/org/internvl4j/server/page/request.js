// What is asked for, as the server reads it.

import { question as findQuestion } from "./grounding.js";
import { dataUri } from "./pictures.js";
import { fields, settings } from "./settings.js";

/** A request for an answer to the last of the messages, as the settings are now. */
export async function requestOf(messages) {
  return { ...fields(), messages: await wire(messages) };
}

/** The messages as the server reads them; one that was never answered is left out. */
async function wire(messages) {
  const sent = settings().system.trim() ? [{ role: "system", content: settings().system.trim() }] : [];
  for (const [index, message] of messages.entries()) {
    const reply = message.role === "assistant" ? message : messages[index + 1];
    if (reply && reply.text === "") {
      continue;
    }
    if (message.role === "assistant") {
      sent.push({ role: "assistant", content: message.text });
      continue;
    }
    const content = [];
    for (const picture of message.pictures) {
      const url = await dataUri(picture.blob);
      content.push({ type: "image_url", image_url: { url, max_tiles: settings().maxTiles } });
    }
    content.push({ type: "text", text: message.find ? findQuestion(message.text) : message.text });
    sent.push({ role: "user", content });
  }
  return sent;
}
