namespace Tandem.Server.Storage;

/// <summary>Something was looked for as long as the installation allows (<see cref="TandemOptions.QueryTimeout"/>).</summary>
internal sealed class QueryTimeoutException(TimeSpan limit) : Exception($"No answer within {limit}.")
{
    public TimeSpan Limit => limit;
}

/// <summary>How long a query may take: a token that ends it, and whether it was the limit that did.</summary>
internal readonly struct QueryLimit : IDisposable
{
    private readonly CancellationTokenSource _source;
    private readonly CancellationToken _caller;
    private readonly TimeSpan _longest;

    public QueryLimit(TimeSpan longest, CancellationToken caller)
    {
        (_longest, _caller) = (longest, caller);
        _source = CancellationTokenSource.CreateLinkedTokenSource(caller);
        _source.CancelAfter(longest);
    }

    public CancellationToken Token => _source.Token;

    /// <summary>The query was ended, and not because nobody waits for it any more.</summary>
    public bool IsReached => !_caller.IsCancellationRequested;

    public QueryTimeoutException Reached => new(_longest);

    public void Dispose() => _source.Dispose();
}
