namespace Tandem.Client;

/// <summary>Speaks Tandem's API, a property for each resource. Safe for any number of threads.</summary>
/// <summary>
/// Speaks Tandem's API: <see cref="Referrals"/>, <see cref="Engagements"/>, <see cref="Changes"/>, <see cref="Bulk"/> and
/// <see cref="Administration"/>.
/// Safe for any number of threads.
/// </summary>
/// <example>
/// <code>
/// var http = new HttpClient { BaseAddress = new Uri("http://localhost:5080") };
/// var tandem = new TandemClient(http, "alice@contoso.example");
/// await foreach (var referral in tandem.Referrals.ListAsync(new ReferralQuery { Filter = "status eq 'Active'" }))
///     Console.WriteLine(referral.Name);
/// </code>
/// </example>
public sealed class TandemClient
{
    /// <summary>A client that asks for a token before each request.</summary>
    /// <param name="http">Its <see cref="HttpClient.BaseAddress"/> is the server; timeouts and proxies are its own.</param>
    /// <param name="token">Gives an access token that is good now; called for each request, so it should remember one.</param>
    public TandemClient(HttpClient http, Func<CancellationToken, ValueTask<string>> token)
    {
        ArgumentNullException.ThrowIfNull(http);
        ArgumentNullException.ThrowIfNull(token);
        if (http.BaseAddress is null)
            throw new ArgumentException("Set the HttpClient's BaseAddress to the server, such as http://localhost:5080.", nameof(http));
        var sender = new ApiSender(http, token);
        Referrals = new ReferralsClient(sender);
        Engagements = new EngagementsClient(sender, Referrals);
        Changes = new ChangesClient(sender);
        Reports = new ReportsClient(sender);
        Notices = new NoticesClient(sender);
        Bulk = new BulkClient(sender);
        Administration = new AdministrationClient(sender);
        Views = new SavedViewsClient(sender);
        Webhooks = new WebhooksClient(sender);
    }

    /// <summary>A client with one token; the emulator takes a person's e-mail address for one.</summary>
    public TandemClient(HttpClient http, string token)
        : this(http, _ => ValueTask.FromResult(token))
    {
    }

    /// <summary>Referrals and their history.</summary>
    public ReferralsClient Referrals { get; }

    /// <summary>The referrals of an engagement, and the proof of its history.</summary>
    public EngagementsClient Engagements { get; }

    /// <summary>What happens, as it happens.</summary>
    public ChangesClient Changes { get; }

    /// <summary>What partner managers ask: the pipeline, outcomes, times, partners, solutions and sources.</summary>
    public ReportsClient Reports { get; }
    /// <summary>What the caller himself should know.</summary>
    public NoticesClient Notices { get; }
    /// <summary>Referrals as files.</summary>
    public BulkClient Bulk { get; }

    /// <summary>Organizations, people, roles, locations, solutions, directory tenants and service clients.</summary>
    public AdministrationClient Administration { get; }

    /// <summary>Saved views of the pipeline.</summary>
    public SavedViewsClient Views { get; }
    /// <summary>Webhook subscriptions and their delivery logs.</summary>
    public WebhooksClient Webhooks { get; }
}
