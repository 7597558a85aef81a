using System.Text;
using System.Text.Json;
using BenchmarkDotNet.Attributes;
using Tandem.Server;
using Tandem.Server.Engagements;
using Tandem.Server.Organizations;
using Tandem.Server.Referrals;
using Tandem.Server.Storage;

namespace Tandem.Benchmarks;

/// <summary>What a create and an update cost between the socket and the database, and the write itself.</summary>
[MemoryDiagnoser]
public class DecisionBenchmarks
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tandem-benchmarks-").FullName;
    private WebApplication _app = null!;
    private ReferralStore _store = null!;
    private DecisionContext _context = null!;
    private byte[] _body = null!;
    private JsonDocument _parsed = null!;
    private JsonDocument _patch = null!;
    private StoredReferral _stored = null!;
    private Engagement _engagement = null!;

    [GlobalSetup]
    public async Task SetUp()
    {
        _app = TandemApp.Create([$"--Tandem:DataDirectory={_folder}", "--Logging:LogLevel:Default=Error"]);
        await _app.Prepare();
        _store = _app.Services.GetRequiredService<ReferralStore>();
        var directory = _app.Services.GetRequiredService<OrganizationDirectory>().Current;
        var alice = directory.CallerOf(directory.UserByEmail("alice@contoso.example")!)!;
        _context = new DecisionContext(alice, directory, TimeProvider.System.GetUtcNow(), "benchmark");
        _body = await File.ReadAllBytesAsync(Path.Combine(AppContext.BaseDirectory, "create-request.json"));
        _parsed = JsonDocument.Parse(_body);
        _patch = JsonDocument.Parse("""[{"op":"replace","path":"/details/dealValue","value":4711}]""");
        var creation = Decided();
        await _store.Write([PreparedChange.Of(creation.Referral, _context.Now)], null, CancellationToken.None);
        _engagement = (await _store.FindEngagementOf(creation.Referral.After.Id, CancellationToken.None))!;
        _stored = _engagement.Referrals[0];
    }

    [GlobalCleanup]
    public async Task CleanUp()
    {
        await _app.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Benchmark(Description = "parse a create body")]
    public void Parse() => JsonDocument.Parse(_body).Dispose();

    [Benchmark(Description = "decide a create")]
    public object Create() => Decided();

    [Benchmark(Description = "decide an update (JSON Patch)")]
    public object Update() => UpdateReferral.Decide(_stored, _engagement, _patch.RootElement, _context);

    [Benchmark(Description = "prepare a create: stamp and serialize")]
    public object Prepare() => PreparedChange.Of(Decided().Referral, _context.Now);

    [Benchmark(Description = "write 32 creates (SQLite, one commit)", OperationsPerInvoke = 32)]
    public Task Write() => Task.WhenAll(Enumerable.Range(0, 32).Select(_ =>
        _store.Write([PreparedChange.Of(Decided().Referral, _context.Now)], null, CancellationToken.None)));

    [Benchmark(Description = "read one (SQLite)")]
    public async Task<int> Read() => (await _store.Find(_stored.Id, CancellationToken.None))!.Document.Length;

    private Creation Decided() => CreateReferral.Decide(_parsed.RootElement, null, _context).Succeeded(out var creation, out var refusal)
        ? creation
        : throw new InvalidOperationException(refusal.Message + Encoding.UTF8.GetString(_body));
}
