// What people do with npm's openai, unchanged, against a server with the demo model.
import assert from "node:assert/strict";
import OpenAI from "openai";
import { LONG, given, run, stops } from "./cases.mjs";

const client = new OpenAI({ baseURL: `${given.url}/v1`, apiKey: given.key, maxRetries: 0 });
const model = "demo";
const url = `data:image/png;base64,${given.picture}`;
const { question, answer } = given;

function messages(text) {
  const content = [
    { type: "text", text },
    { type: "image_url", image_url: { url, detail: "auto" } },
  ];
  return [{ role: "user", content }];
}

const long = { model, messages: messages(question), max_tokens: LONG, logit_bias: { [given.end]: -100 } };
const near = (a, b) => assert.ok(Math.abs(a - b) < 1e-6, `${a} is not ${b}`);

await run({
  async "lists models"() {
    const ids = [];
    for await (const one of client.models.list()) {
      ids.push(one.id);
    }
    assert.deepEqual(ids, [model]);
    assert.equal((await client.models.retrieve(model)).object, "model");
  },

  async "chats about a picture"() {
    const reply = await client.chat.completions.create({ model, messages: messages(question) });
    assert.equal(reply.object, "chat.completion");
    assert.equal(reply.choices[0].message.content, answer);
    assert.equal(reply.choices[0].finish_reason, "stop");
    assert.equal(reply.usage.total_tokens, reply.usage.prompt_tokens + reply.usage.completion_tokens);
  },

  async "goes on with a conversation"() {
    const reply = await client.chat.completions.create({
      model,
      messages: [
        { role: "system", content: "Answer briefly." },
        ...messages(question),
        { role: "assistant", content: answer },
        { role: "user", content: "And now?" },
      ],
      max_completion_tokens: 5,
    });
    assert.ok(reply.usage.completion_tokens <= 5);
  },

  async "streams an answer and its usage"() {
    const stream = await client.chat.completions.create({
      model,
      messages: messages(question),
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = "";
    let usage = null;
    let finish = null;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? "";
      finish ??= chunk.choices[0]?.finish_reason;
      usage ??= chunk.usage;
    }
    assert.equal(text, answer);
    assert.equal(finish, "stop");
    assert.ok(usage.completion_tokens > 0);
  },

  async "streams through the helper, which gathers the answer"() {
    const runner = client.chat.completions.stream({ model, messages: messages(question), logprobs: true });
    let heard = "";
    runner.on("content", (piece) => (heard += piece));
    assert.equal(await runner.finalContent(), answer);
    assert.equal(heard, answer);
    const last = await runner.finalChatCompletion();
    assert.ok(last.choices[0].logprobs.content.length > 0);
  },

  async "stops in the midst of an answer"() {
    await stops(async () => {
      const stream = await client.chat.completions.create({ ...long, stream: true });
      for await (const chunk of stream) {
        if (chunk.choices[0]?.delta.content) {
          break; // which aborts the request
        }
      }
    });
  },

  async "leaves while it waits for a whole answer"() {
    await stops(async () => {
      const controller = new AbortController();
      const reply = client.chat.completions.create(long, { signal: controller.signal });
      setTimeout(() => controller.abort(), 50);
      await assert.rejects(reply, OpenAI.APIUserAbortError);
    });
  },

  async "gets several answers that sampling with a seed repeats"() {
    const ask = () =>
      client.chat.completions.create({ model, messages: messages(question), n: 3, temperature: 1, seed: 7 });
    const texts = (reply) => reply.choices.map((choice) => choice.message.content);
    const first = texts(await ask());
    assert.equal(first.length, 3);
    assert.deepEqual(texts(await ask()), first);
  },

  async "gets JSON of a schema"() {
    const schema = {
      type: "object",
      properties: { count: { type: "integer" }, kind: { enum: ["circle", "square"] } },
      required: ["count", "kind"],
      additionalProperties: false,
    };
    const reply = await client.chat.completions.parse({
      model,
      messages: messages(question),
      response_format: { type: "json_schema", json_schema: { name: "seen", strict: true, schema } },
    });
    const { count, kind, ...rest } = JSON.parse(reply.choices[0].message.content);
    assert.ok(Number.isInteger(count));
    assert.ok(schema.properties.kind.enum.includes(kind));
    assert.deepEqual(rest, {});
  },

  async "completes a prompt"() {
    const reply = await client.completions.create({ model, prompt: "Hello", max_tokens: 4 });
    assert.equal(reply.object, "text_completion");
    assert.equal(typeof reply.choices[0].text, "string");
  },

  async "gets embeddings, packed and as numbers"() {
    const input = ["a red circle", "a blue square"];
    const packed = await client.embeddings.create({ model, input }); // base64, which it unpacks
    const plain = await client.embeddings.create({ model, input, encoding_format: "float" });
    assert.equal(packed.data.length, 2);
    packed.data.forEach(({ embedding }, i) => {
      near(Math.hypot(...embedding), 1);
      assert.equal(embedding.length, plain.data[i].embedding.length);
      embedding.forEach((x, c) => near(x, plain.data[i].embedding[c]));
    });
    assert.ok(packed.usage.prompt_tokens > 0);
  },

  async "tells errors apart"() {
    const stranger = new OpenAI({ baseURL: `${given.url}/v1`, apiKey: "wrong", maxRetries: 0 });
    await assert.rejects(stranger.models.list(), (error) => {
      assert.ok(error instanceof OpenAI.AuthenticationError);
      assert.equal(error.code, "invalid_api_key");
      return true;
    });
    const hot = client.chat.completions.create({ model, messages: messages(question), temperature: 9 });
    await assert.rejects(hot, (error) => {
      assert.ok(error instanceof OpenAI.BadRequestError);
      assert.match(error.message, /temperature/);
      return true;
    });
    await assert.rejects(client.models.retrieve("another"), OpenAI.NotFoundError);
    await assert.rejects(client.responses.create({ model, input: "Hello" }), OpenAI.NotFoundError);
  },
});
