// What people do with npm's ollama, unchanged, against a server with the demo model.
import assert from "node:assert/strict";
import { Ollama } from "ollama";
import { LONG, given, run, stops } from "./cases.mjs";

const host = given.url;
const headers = { Authorization: `Bearer ${given.key}` };
const client = new Ollama({ host, headers });
const model = "demo";
const { question, answer } = given;
const images = [given.picture];
const messages = [{ role: "user", content: question, images }];

await run({
  async "lists models and tells about them"() {
    const { models } = await client.list();
    assert.equal(models.length, 1);
    assert.match(models[0].name, /^demo/);
    assert.ok(models[0].size > 0);
    const shown = await client.show({ model });
    assert.ok(shown.capabilities.includes("vision"));
    assert.ok(shown.details.parameter_size);
    assert.equal((await client.ps()).models.length, 1);
    assert.match((await client.version()).version, /^\d+\./);
  },

  async "chats about a picture"() {
    const reply = await client.chat({ model, messages });
    assert.equal(reply.message.role, "assistant");
    assert.equal(reply.message.content, answer);
    assert.equal(reply.done_reason, "stop");
    assert.ok(reply.eval_count > 0 && reply.total_duration > 0);
  },

  async "takes a picture's bytes"() {
    const bytes = new Uint8Array(Buffer.from(given.picture, "base64"));
    const reply = await client.chat({ model, messages: [{ ...messages[0], images: [bytes] }] });
    assert.equal(reply.message.content, answer);
  },

  async "streams an answer"() {
    let text = "";
    let last;
    for await (const part of await client.chat({ model, messages, stream: true })) {
      text += part.message.content;
      last = part;
    }
    assert.equal(text, answer);
    assert.ok(last.done && last.prompt_eval_count > 0);
  },

  async "generates, whole and streamed"() {
    const whole = await client.generate({ model, prompt: question, images });
    assert.equal(whole.response, answer);
    let text = "";
    for await (const part of await client.generate({ model, prompt: question, images, stream: true })) {
      text += part.response;
    }
    assert.equal(text, answer);
  },

  async "keeps to options"() {
    const options = { num_predict: 3, temperature: 1, seed: 5, top_k: 4, top_p: 0.9 };
    const ask = () => client.chat({ model, messages, options });
    const reply = await ask();
    assert.ok(reply.eval_count <= 3);
    assert.equal((await ask()).message.content, reply.message.content);
  },

  async "stops in the midst of an answer"() {
    await stops(async () => {
      // without a way to forbid the end: a list of objects that may go on and on
      const format = { type: "array", items: { type: "string", minLength: 50 }, minItems: 100 };
      const stream = await client.chat({ model, messages, format, stream: true, options: { num_predict: LONG } });
      await assert.rejects(async () => {
        for await (const part of stream) {
          stream.abort();
        }
      }, { name: "AbortError" });
    });
  },

  async "gets JSON of a schema"() {
    const format = { type: "object", properties: { count: { type: "integer" } }, required: ["count"] };
    const reply = await client.chat({ model, messages, format });
    assert.ok(Number.isInteger(JSON.parse(reply.message.content).count));
  },

  async "gets embeddings"() {
    const { embeddings } = await client.embed({ model, input: ["a red circle", "a blue square"] });
    assert.equal(embeddings.length, 2);
    embeddings.forEach((one) => assert.ok(Math.abs(Math.hypot(...one) - 1) < 1e-6));
  },

  async "tells errors"() {
    await assert.rejects(client.chat({ model: "another", messages }), (error) => {
      assert.equal(error.name, "ResponseError");
      assert.equal(error.status_code, 404);
      assert.match(error.message, /another/);
      return true;
    });
    const stranger = new Ollama({ host, headers: { Authorization: "Bearer wrong" } });
    await assert.rejects(stranger.list(), (error) => error.status_code === 401);
  },
});
