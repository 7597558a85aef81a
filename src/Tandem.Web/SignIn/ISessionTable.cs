namespace Tandem.Web.SignIn;

/// <summary>
/// Where sessions are kept for every node and beyond a restart. The server supplies it, since the pages know no storage;
/// what is kept is protected, and only the pages can read it.
/// </summary>
/// <remarks>A database that does not answer is an <see cref="HttpRequestException"/>, as a server would be.</remarks>
internal interface ISessionTable
{
    /// <summary>A session that has not ended; null when there is none.</summary>
    public ValueTask<KeptSession?> Find(string id, CancellationToken cancellation);

    /// <summary>Keeps a new session, and drops those that have ended.</summary>
    public Task Add(string id, byte[] content, DateTimeOffset expiresAt, CancellationToken cancellation);

    /// <summary>Lets a session last longer.</summary>
    public Task Extend(string id, DateTimeOffset expiresAt, CancellationToken cancellation);

    /// <summary>
    /// Takes the one right to renew what is kept, for all nodes; false when somebody else has it, or has renewed it already.
    /// </summary>
    public Task<bool> Claim(string id, long version, TimeSpan time, CancellationToken cancellation);

    /// <summary>Gives that right back.</summary>
    public Task Release(string id, long version, CancellationToken cancellation);

    /// <summary>Keeps something else under a session, which ends the claim; false when it is gone, or no longer this version.</summary>
    public Task<bool> Replace(string id, long version, byte[] content, DateTimeOffset expiresAt, CancellationToken cancellation);

    /// <summary>Ends a session on every node.</summary>
    public Task Remove(string id, CancellationToken cancellation);
}

/// <summary>What is kept of a session.</summary>
/// <param name="Content">Protected.</param>
/// <param name="Version">Another one after each <see cref="ISessionTable.Replace"/>.</param>
/// <param name="ExpiresAt">When it ends without being used.</param>
internal sealed record KeptSession(byte[] Content, long Version, DateTimeOffset ExpiresAt);
