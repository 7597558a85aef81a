using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;

namespace Tandem.FailoverLoad;

/// <summary>Three nodes under Patroni with synchronous replication, and the etcd that tells them who is primary.</summary>
internal sealed class Cluster : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);
    private Process? _etcd;
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(2) };

    private Cluster(Process etcd, IReadOnlyList<Node> nodes) => (_etcd, Nodes) = (etcd, nodes);

    public IReadOnlyList<Node> Nodes { get; }

    /// <summary>What an operator sets as <c>ConnectionStrings:Tandem</c>.</summary>
    public string Connection =>
        $"Host={string.Join(',', Nodes.Select(n => $"127.0.0.1:{n.Port}"))};Username=postgres;Database=tandem;"
        + "Target Session Attributes=primary;Host Recheck Seconds=1;Timeout=3;Command Timeout=10";

    public static async Task<Cluster> Start(string folder)
    {
        var (port, peerPort) = (Programs.FreePort(), Programs.FreePort());
        var etcd = Programs.Start($"{folder}/etcd.log",
            "etcd", "--data-dir", $"{folder}/etcd",
            "--listen-client-urls", $"http://127.0.0.1:{port}", "--advertise-client-urls", $"http://127.0.0.1:{port}",
            "--listen-peer-urls", $"http://127.0.0.1:{peerPort}", "--initial-advertise-peer-urls", $"http://127.0.0.1:{peerPort}",
            "--initial-cluster", $"default=http://127.0.0.1:{peerPort}");
        var cluster = new Cluster(etcd, [.. Enumerable.Range(1, 3).Select(i => new Node($"node{i}", $"{folder}/node{i}"))]);
        foreach (var node in cluster.Nodes)
        {
            await node.Prepare(port);
            node.Start();
        }

        return cluster;
    }

    /// <summary>Waits for a primary, other than one that has died.</summary>
    public async Task<Node> Primary(Node? dead = null)
    {
        for (var waited = Stopwatch.StartNew(); waited.Elapsed < Patience; await Task.Delay(50))
        {
            foreach (var node in Nodes.Where(n => n != dead))
            {
                if (await node.IsPrimary())
                    return node;
            }
        }

        throw new TimeoutException("No node has become primary.");
    }

    /// <summary>Waits until two standbys follow the primary, and Patroni may promote one of them.</summary>
    public async Task Whole()
    {
        const string Standbys = "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'";
        for (var waited = Stopwatch.StartNew(); waited.Elapsed < Patience; await Task.Delay(200))
        {
            if (await HasSynchronousStandby() && await (await Primary()).Ask(Standbys) is long standbys && standbys == Nodes.Count - 1)
                return;
        }

        throw new TimeoutException("The cluster has not become whole.");
    }

    public void Dispose()
    {
        foreach (var node in Nodes)
            node.Dispose();
        if (Interlocked.Exchange(ref _etcd, null) is not { } etcd)
            return;
        Programs.Kill(etcd);
        etcd.Dispose();
        _http.Dispose();
    }

    private async Task<bool> HasSynchronousStandby()
    {
        foreach (var node in Nodes)
        {
            try
            {
                var address = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{node.RestPort}/cluster");
                var members = JsonNode.Parse(await _http.GetStringAsync(new Uri(address)))!["members"]!.AsArray();
                return members.Any(m => (string?)m!["role"] == "sync_standby");
            }
            catch (Exception away) when (away is HttpRequestException or TaskCanceledException)
            {
                // Its Patroni is down; the next one knows as well.
            }
        }

        return false;
    }
}
