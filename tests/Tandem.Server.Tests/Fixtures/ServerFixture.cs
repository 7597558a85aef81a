namespace Tandem.Server.Tests.Fixtures;

/// <summary>One server for the tests of a class, on the system's clock.</summary>
public sealed class ServerFixture : IAsyncLifetime
{
    public TandemServer Server { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Server = await TandemServer.Start();

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}
