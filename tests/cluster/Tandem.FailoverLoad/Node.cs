using System.Diagnostics;
using System.Globalization;
using Npgsql;

namespace Tandem.FailoverLoad;

/// <summary>How a primary dies.</summary>
internal enum Death
{
    /// <summary>The postmaster is killed; its Patroni lives and takes it back as a replica.</summary>
    Postmaster,

    /// <summary>Patroni and every process of PostgreSQL are killed, as when a machine loses power; it comes back later.</summary>
    Machine,

    /// <summary>All of them are stopped, as when a machine hangs: connections neither end nor answer. It goes on later.</summary>
    Hanging,
}

/// <summary>One machine of the cluster: a Patroni and its PostgreSQL, on ports of the loopback interface.</summary>
internal sealed class Node(string name, string folder) : IDisposable
{
    private readonly string _data = $"{folder}/data";
    private Process? _patroni;

    public string Name => name;

    public int Port { get; } = Programs.FreePort();

    public int RestPort { get; } = Programs.FreePort();

    // The newest installed version.
    private static string Binaries => Directory.GetDirectories("/usr/lib/postgresql")
        .MaxBy(version => int.Parse(Path.GetFileName(version), CultureInfo.InvariantCulture))! + "/bin";

    public async Task Prepare(int etcdPort)
    {
        Directory.CreateDirectory(folder);
        await File.WriteAllTextAsync($"{folder}/patroni.yml", Settings(etcdPort));
        // PostgreSQL refuses to run as root.
        if (Environment.IsPrivilegedProcess)
            await Programs.Run("chown", "-R", "postgres:postgres", folder);
    }

    public void Start()
    {
        _patroni?.Dispose();
        string[] owner = Environment.IsPrivilegedProcess
            ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--"]
            : [];
        _patroni = Programs.Start($"{folder}/patroni.log", [.. owner, "patroni", $"{folder}/patroni.yml"]);
    }

    public async Task Die(Death death)
    {
        if (PostmasterId() is not { } postmaster)
            throw new InvalidOperationException($"{name} has no PostgreSQL to kill.");
        switch (death)
        {
            case Death.Postmaster:
                Programs.Kill(postmaster);
                break;
            case Death.Machine:
                Programs.Kill(_patroni!);
                KillPostgres(postmaster);
                break;
            case Death.Hanging:
                await Programs.Signal("STOP", [_patroni!.Id, postmaster, .. Programs.ChildrenOf(postmaster)]);
                break;
        }
    }

    /// <summary>Brings back what Patroni does not bring back by itself.</summary>
    public async Task Return(Death death)
    {
        if (death == Death.Machine)
            Start();
        if (death == Death.Hanging && PostmasterId() is { } postmaster)
            await Programs.Signal("CONT", [.. Programs.ChildrenOf(postmaster), postmaster, _patroni!.Id]);
    }

    /// <summary>One value from its PostgreSQL; null when it does not answer.</summary>
    public async Task<object?> Ask(string sql)
    {
        try
        {
            await using var source = NpgsqlDataSource.Create(
                $"Host=127.0.0.1;Port={Port};Username=postgres;Database=postgres;Pooling=false;Timeout=2;Command Timeout=2");
            await using var command = source.CreateCommand(sql);
            return await command.ExecuteScalarAsync();
        }
        catch (NpgsqlException)
        {
            return null;
        }
    }

    public async Task<bool> IsPrimary() => await Ask("SELECT NOT pg_is_in_recovery()") is true;

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _patroni, null) is not { } patroni)
            return;
        Programs.Kill(patroni);
        patroni.Dispose();
        if (PostmasterId() is { } postmaster)
            KillPostgres(postmaster);
    }

    private static void KillPostgres(int postmaster)
    {
        var backends = Programs.ChildrenOf(postmaster);
        Programs.Kill(postmaster);
        backends.ForEach(Programs.Kill);
    }

    private int? PostmasterId()
    {
        var file = $"{_data}/postmaster.pid";
        if (!File.Exists(file))
            return null;
        // A dead one leaves its file behind, and its number may be another's by now.
        var id = int.Parse(File.ReadLines(file).First(), CultureInfo.InvariantCulture);
        return Programs.CommandOf(id).Contains(_data, StringComparison.Ordinal) ? id : null;
    }

    // A dead primary is not waited for, and a standby is promoted only if it has every acknowledged commit. Without a
    // standby, commits wait.
    private string Settings(int etcdPort) => $$"""
        scope: tandem
        name: {{name}}
        restapi:
          listen: 127.0.0.1:{{RestPort}}
          connect_address: 127.0.0.1:{{RestPort}}
        etcd3:
          hosts: 127.0.0.1:{{etcdPort}}
        bootstrap:
          dcs:
            ttl: 20
            loop_wait: 1
            retry_timeout: 5
            primary_start_timeout: 0
            synchronous_mode: true
            synchronous_mode_strict: true
            postgresql:
              use_pg_rewind: true
              parameters:
                max_connections: 200
                shared_buffers: 64MB
                wal_keep_size: 256MB
          initdb:
            - encoding: UTF8
            - locale: C.UTF-8
            - data-checksums
        postgresql:
          listen: 127.0.0.1:{{Port}}
          connect_address: 127.0.0.1:{{Port}}
          data_dir: {{_data}}
          bin_dir: {{Binaries}}
          pgpass: {{folder}}/pgpass
          remove_data_directory_on_rewind_failure: true
          remove_data_directory_on_diverged_timelines: true
          authentication:
            superuser:
              username: postgres
            replication:
              username: replicator
          parameters:
            unix_socket_directories: {{folder}}
          pg_hba:
            - local all all trust
            - host all all 127.0.0.1/32 trust
            - host replication all 127.0.0.1/32 trust
        """;
}
