using FastLog.Protocol.Wire;

namespace FastLog.Protocol;

/// <summary>
/// A message with its codec, so that frames of any message are written and read by the same few lines.
/// </summary>
public interface IMessage<TSelf>
    where TSelf : IMessage<TSelf>
{
    /// <summary>The key in the frame; an error response has that of its request, here none.</summary>
    static abstract ApiKey Api { get; }

    /// <summary>The exact number of bytes that <see cref="Encode"/> writes.</summary>
    static abstract int EncodedSize(in TSelf message);

    static abstract void Encode(ref WireWriter writer, in TSelf message);

    /// <summary>The whole body with its tags. The message is default when the answer is not Ok.</summary>
    static abstract WireStatus Decode(ref WireReader reader, out TSelf message);
}

/// <summary>A message that is answered by <typeparamref name="TResponse"/>, or by an error frame.</summary>
public interface IRequest<TSelf, TResponse> : IMessage<TSelf>
    where TSelf : IMessage<TSelf>
    where TResponse : IMessage<TResponse>;
