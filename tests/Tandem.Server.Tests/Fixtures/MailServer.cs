using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using MimeKit;
using SmtpServer;
using SmtpServer.ComponentModel;
using SmtpServer.Mail;
using SmtpServer.Protocol;
using SmtpServer.Storage;

namespace Tandem.Server.Tests.Fixtures;

/// <summary>A message that a <see cref="MailServer"/> took.</summary>
/// <param name="To">The recipients of the envelope.</param>
public sealed record ReceivedMail(IReadOnlyList<string> To, MimeMessage Message)
{
    public string Subject => Message.Subject ?? "";

    public string Text => Message.TextBody ?? "";

    public string Html => Message.HtmlBody ?? "";
}

/// <summary>A real mail server on loopback that behaves as it is told, recipient by recipient, and keeps what it got.</summary>
public sealed class MailServer : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly List<ReceivedMail> _mails = [];
    private readonly Dictionary<string, SmtpResponse> _refusals = new(StringComparer.OrdinalIgnoreCase);
    private readonly X509Certificate2? _certificate;
    private CancellationTokenSource _stopping = new();
    private TaskCompletionSource _news = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _running = Task.CompletedTask;
    private int _recipients;

    private MailServer(X509Certificate2? certificate) => _certificate = certificate;

    public int Port { get; } = FreePort();

    /// <summary>The settings that make a server send its e-mail here.</summary>
    public (string Name, string Value)[] Settings => SettingsOf(Port);

    public IReadOnlyList<ReceivedMail> Mails
    {
        get
        {
            lock (_gate)
                return [.. _mails];
        }
    }

    /// <summary>How often somebody named a recipient.</summary>
    public int Recipients => Volatile.Read(ref _recipients);

    public static (string Name, string Value)[] SettingsOf(int port, string security = "None") =>
    [
        ("Tandem:Email:Host", "127.0.0.1"), ("Tandem:Email:Port", $"{port}"), ("Tandem:Email:Security", security),
        ("Tandem:Email:From", "Tandem <tandem@exchange.example>"),
    ];

    /// <param name="certificate">With its key, to offer STARTTLS.</param>
    public static MailServer Start(X509Certificate2? certificate = null)
    {
        var server = new MailServer(certificate);
        server.Up();
        return server;
    }

    /// <summary>Refuses a recipient from now on; with null it takes him again.</summary>
    public void Refuse(string recipient, int code, string text)
    {
        lock (_gate)
            _refusals[recipient] = new SmtpResponse((SmtpReplyCode)code, text);
    }

    public void Accept(string recipient)
    {
        lock (_gate)
            _refusals.Remove(recipient);
    }

    /// <summary>Listens, at the same port.</summary>
    public void Up()
    {
        _stopping = new CancellationTokenSource();
        var options = new SmtpServerOptionsBuilder().ServerName("mail.example").Endpoint(endpoint =>
        {
            endpoint.Endpoint(new IPEndPoint(IPAddress.Loopback, Port));
            if (_certificate is not null)
                endpoint.Certificate(_certificate);
        }).Build();
        var services = new ServiceProvider();
        services.Add(new Filter(this));
        services.Add(new Store(this));
        _running = new SmtpServer.SmtpServer(options, services).StartAsync(_stopping.Token);
    }

    /// <summary>Ends all connections and listens no more.</summary>
    public async Task Down()
    {
        await _stopping.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stopping.Dispose();
    }

    /// <summary>Waits for so many messages.</summary>
    public async Task<IReadOnlyList<ReceivedMail>> Until(int count)
    {
        while (true)
        {
            Task news;
            IReadOnlyList<ReceivedMail> mails;
            lock (_gate)
                (news, mails) = (_news.Task, [.. _mails]);
            if (mails.Count >= count)
                return mails;
            try
            {
                await news.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
            }
            catch (TimeoutException)
            {
                Assert.Fail($"The mail server got {mails.Count} of {count} messages: {string.Join("; ", mails.Select(m => m.Subject))}");
            }
        }
    }

    public async ValueTask DisposeAsync() => await Down();

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private sealed class Filter(MailServer server) : MailboxFilter
    {
        public override Task<bool> CanDeliverToAsync(ISessionContext context, IMailbox to, IMailbox from, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref server._recipients);
            lock (server._gate)
            {
                return server._refusals.TryGetValue(to.AsAddress(), out var refusal)
                    ? throw new SmtpResponseException(refusal)
                    : Task.FromResult(true);
            }
        }
    }

    private sealed class Store(MailServer server) : MessageStore
    {
        public override async Task<SmtpResponse> SaveAsync(
            ISessionContext context, IMessageTransaction transaction, ReadOnlySequence<byte> buffer, CancellationToken cancellationToken)
        {
            using var bytes = new MemoryStream(buffer.ToArray());
            var message = await MimeMessage.LoadAsync(bytes, cancellationToken);
            TaskCompletionSource news;
            lock (server._gate)
            {
                server._mails.Add(new([.. transaction.To.Select(t => t.AsAddress())], message));
                (news, server._news) = (server._news, new(TaskCreationOptions.RunContinuationsAsynchronously));
            }

            news.SetResult();
            return new SmtpResponse(SmtpReplyCode.Ok, "2.0.0 queued as 4711");
        }
    }
}
