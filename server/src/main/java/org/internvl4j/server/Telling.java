package org.internvl4j.server;

import java.io.IOException;
import java.util.List;
import org.internvl4j.models.Answer;
import org.internvl4j.serving.RefusedException;
import org.internvl4j.serving.Reply;

/// Tells the answers to a request as OpenAI's interfaces do: whole, or in chunks as they grow.
final class Telling {
  /// How an interface writes them.
  interface Form {
    /// Takes what belongs to an answer.
    void add(int index, Reply.Event event);

    /// All answers.
    String whole();

    /// The first chunks, before anything has come.
    List<String> beginnings();

    /// A chunk with a piece of text.
    String piece(int index, String piece);

    /// The last chunk of an answer.
    String ending(int index, Answer answer);

    /// A chunk behind all others: what it has cost.
    String usage();
  }

  private final Exchange exchange;
  private final Replies replies;
  private final Form form;

  Telling(Exchange exchange, Replies replies, Form form) {
    this.exchange = exchange;
    this.replies = replies;
    this.form = form;
  }

  /// Waits for all, then tells them.
  void whole() throws IOException, InterruptedException {
    replies.hear(
        new Replies.Listener() {
          @Override
          public void hear(int index, Reply.Event event) {
            form.add(index, event);
          }

          @Override
          public void idle() throws IOException {
            exchange.requireClient();
          }
        });
    exchange.json(200, form.whole());
  }

  /// Tells them as they come.
  ///
  /// @param tellsUsage whether what it has cost is told behind them
  void stream(boolean tellsUsage) throws IOException, InterruptedException {
    EventStream events = new EventStream(exchange);
    for (String chunk : form.beginnings()) {
      events.data(chunk);
    }
    try {
      replies.hear(
          new Replies.Listener() {
            @Override
            public void hear(int index, Reply.Event event) throws IOException {
              form.add(index, event);
              tell(events, index, event);
            }

            @Override
            public void idle() throws IOException {
              events.beat();
            }
          });
    } catch (RefusedException e) {
      events.data(Dialect.OPENAI.error(Router.refused(e)));
      events.end();
      return;
    }
    if (tellsUsage) {
      events.data(form.usage());
    }
    events.data("[DONE]");
    events.end();
  }

  private void tell(EventStream events, int index, Reply.Event event) throws IOException {
    switch (event) {
      case Reply.Text(String piece) -> events.data(form.piece(index, piece));
      case Reply.Done(Answer done, _, _) -> events.data(form.ending(index, done));
      case Reply.Seen(int done, int total) -> events.progress("tile", done, total);
      case Reply.Read(int done, int total) -> events.progress("prompt", done, total);
      case Reply.Chosen _, Reply.Refused _ -> {}
    }
  }
}
