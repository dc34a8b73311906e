package org.internvl4j.langchain4j;

import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.request.DefaultChatRequestParameters;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// What a request may say beside LangChain4j's own parameters. Null, as there, is for the model's
/// default.
public final class InternVlChatRequestParameters extends DefaultChatRequestParameters {
  private final @Nullable Long seed;
  private final @Nullable Double repetitionPenalty;
  private final @Nullable Integer maxTiles;
  private final @Nullable String client;

  private InternVlChatRequestParameters(Builder builder) {
    super(builder);
    this.seed = builder.seed;
    this.repetitionPenalty = builder.repetitionPenalty;
    this.maxTiles = builder.maxTiles;
    this.client = builder.client;
  }

  /// Those of somebody, whatever their class.
  static InternVlChatRequestParameters of(ChatRequestParameters parameters) {
    return parameters instanceof InternVlChatRequestParameters ours
        ? ours
        : builder().overrideWith(parameters).build();
  }

  public static Builder builder() {
    return new Builder();
  }

  /// Two answers with the same seed, messages and parameters are the same.
  public @Nullable Long seed() {
    return seed;
  }

  /// Above 1 makes tokens of the answer less likely to come again.
  public @Nullable Double repetitionPenalty() {
    return repetitionPenalty;
  }

  /// Most tiles a picture, the thumbnail not counted.
  public @Nullable Integer maxTiles() {
    return maxTiles;
  }

  /// Who asks: where requests wait, one of each client gets its turn after the other.
  public @Nullable String client() {
    return client;
  }

  @Override
  public ChatRequestParameters overrideWith(ChatRequestParameters that) {
    return builder().overrideWith(this).overrideWith(that).build();
  }

  @Override
  public ChatRequestParameters defaultedBy(ChatRequestParameters that) {
    return builder().overrideWith(that).overrideWith(this).build();
  }

  @Override
  public boolean equals(@Nullable Object o) {
    return super.equals(o)
        && o instanceof InternVlChatRequestParameters that
        && Objects.equals(seed, that.seed)
        && Objects.equals(repetitionPenalty, that.repetitionPenalty)
        && Objects.equals(maxTiles, that.maxTiles)
        && Objects.equals(client, that.client);
  }

  @Override
  public int hashCode() {
    return Objects.hash(super.hashCode(), seed, repetitionPenalty, maxTiles, client);
  }

  @Override
  public String toString() {
    return super.toString()
        + " and seed="
        + seed
        + ", repetitionPenalty="
        + repetitionPenalty
        + ", maxTiles="
        + maxTiles
        + ", client="
        + client;
  }

  /// Collects them.
  public static final class Builder extends DefaultChatRequestParameters.Builder<Builder> {
    private @Nullable Long seed;
    private @Nullable Double repetitionPenalty;
    private @Nullable Integer maxTiles;
    private @Nullable String client;

    private Builder() {}

    @Override
    public Builder overrideWith(ChatRequestParameters parameters) {
      super.overrideWith(parameters);
      if (parameters instanceof InternVlChatRequestParameters that) {
        seed = that.seed == null ? seed : that.seed;
        repetitionPenalty =
            that.repetitionPenalty == null ? repetitionPenalty : that.repetitionPenalty;
        maxTiles = that.maxTiles == null ? maxTiles : that.maxTiles;
        client = that.client == null ? client : that.client;
      }
      return this;
    }

    public Builder seed(@Nullable Long seed) {
      this.seed = seed;
      return this;
    }

    public Builder repetitionPenalty(@Nullable Double repetitionPenalty) {
      this.repetitionPenalty = repetitionPenalty;
      return this;
    }

    public Builder maxTiles(@Nullable Integer maxTiles) {
      this.maxTiles = maxTiles;
      return this;
    }

    public Builder client(@Nullable String client) {
      this.client = client;
      return this;
    }

    @Override
    public InternVlChatRequestParameters build() {
      return new InternVlChatRequestParameters(this);
    }
  }
}
