using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.OData;
using Microsoft.AspNetCore.OData.Extensions;
using Microsoft.AspNetCore.OData.Query;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OData.Edm;
using Microsoft.OData.ModelBuilder;
using Microsoft.OData.UriParser;
using Tandem.Server.Storage;

namespace Tandem.Server.Tests.Referrals.Query;

/// <summary>
/// Answers queries as a plain EF Core server with Microsoft.AspNetCore.OData does: the same referrals in tables of its own,
/// beside ours in the same database. Texts are kept folded, since this library compares them as they are.
/// </summary>
internal sealed class ODataLibrary : DbContext
{
    private const string Route = "odata";
    private static readonly IEdmModel Edm = MakeModel();

    private static readonly ServiceProvider Services = new ServiceCollection().AddLogging().AddControllers().AddOData(options => options
        .Filter().OrderBy().Count().Select().SetMaxTop(null).AddRouteComponents(Route, Edm)).Services.BuildServiceProvider();

    private ODataLibrary(DbContextOptions<ODataLibrary> options)
        : base(options)
    {
    }

    public static async Task<ODataLibrary> Fill(QueryDatabase database, IEnumerable<Contracts.Referrals.Referral> referrals)
    {
        var options = new DbContextOptionsBuilder<ODataLibrary>();
        _ = database.Dialect.Kind == DatabaseKind.Sqlite
            ? options.UseSqlite(database.Connection)
            : options.UseNpgsql(database.Connection);
        var library = new ODataLibrary(options.Options);
        await library.Database.ExecuteSqlRawAsync(library.Database.GenerateCreateScript(), TestContext.Current.CancellationToken);
        library.AddRange(referrals.Select(LibraryReferral.Of));
        await library.SaveChangesAsync(TestContext.Current.CancellationToken);
        library.ChangeTracker.Clear();
        return library;
    }

    /// <summary>The ids of a page in its order, and how many there are over all pages.</summary>
    public async Task<(List<Guid> Ids, long Count)> Ask(string query)
    {
        // A context of its own for each: a shared one fails now and then.
        var http = new DefaultHttpContext { RequestServices = Services };
        http.Request.QueryString = new QueryString(query);
        var feature = http.Request.ODataFeature();
        (feature.Model, feature.RoutePrefix, feature.Services) = (Edm, Route, http.Request.GetRouteServices());
        var context = new ODataQueryContext(Edm, typeof(LibraryReferral), new ODataPath());
        var options = new ODataQueryOptions<LibraryReferral>(context, http.Request);
        var settings = new ODataQuerySettings
        {
            EnsureStableOrdering = false,
            HandleNullPropagation = HandleNullPropagationOption.False,
            TimeZone = TimeZoneInfo.Utc,
        };
        var all = Set<LibraryReferral>().AsNoTracking();
        var matching = options.Filter is null ? all : (IQueryable<LibraryReferral>)options.Filter.ApplyTo(all, settings);
        var page = (IQueryable<LibraryReferral>)options.ApplyTo(all, settings);
        return (await page.Select(r => r.Id).ToListAsync(TestContext.Current.CancellationToken),
            await matching.LongCountAsync(TestContext.Current.CancellationToken));
    }

    protected override void OnModelCreating(ModelBuilder modelBuilder) => modelBuilder.Entity<LibraryReferral>(referral =>
    {
        referral.ToTable("library_referrals");
        referral.OwnsOne(r => r.Details);
        referral.OwnsOne(r => r.CustomerProfile, customer =>
        {
            customer.OwnsOne(c => c.Address);
            customer.OwnsMany(c => c.Team, team => KeepIn("library_contacts", team));
        });
        referral.OwnsMany(r => r.Team, team => KeepIn("library_team", team));
    });

    private static void KeepIn<TOwner>(string table, OwnedNavigationBuilder<TOwner, LibraryMember> team)
        where TOwner : class
    {
        team.ToTable(table);
        team.Property<Guid>("Key");
        team.HasKey("Key");
    }

    // By UTF-8 bytes, as SQLite does anyway.
    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
    {
        if (Database.IsNpgsql())
            configurationBuilder.Properties<string>().UseCollation("C");
    }

    private static IEdmModel MakeModel()
    {
        var builder = new ODataConventionModelBuilder();
        builder.EnableLowerCamelCase();
        builder.EntitySet<LibraryReferral>("referrals");
        return builder.GetEdmModel();
    }
}

/// <summary>A referral as a plain server maps it.</summary>
internal sealed class LibraryReferral
{
    public Guid Id { get; init; }
    public Guid EngagementId { get; init; }
    public required string Status { get; init; }
    public required string Substatus { get; init; }
    public required string Type { get; init; }
    public required string RegistrationStatus { get; init; }
    public DateTime CreatedDateTime { get; init; }
    public DateTime UpdatedDateTime { get; init; }
    public DateTime? ExpirationDateTime { get; init; }
    public string? Name { get; init; }
    public string? ExternalReferenceId { get; init; }
    public string? MpnId { get; init; }
    public string? CampaignId { get; init; }
    public bool Favorite { get; init; }
    public required LibraryDetails Details { get; init; }
    public required LibraryCustomer CustomerProfile { get; init; }
    public required List<LibraryMember> Team { get; init; }

    public static LibraryReferral Of(Contracts.Referrals.Referral r) => new()
    {
        Id = r.Id,
        EngagementId = r.EngagementId,
        Status = r.Status.ToString(),
        Substatus = r.Substatus.ToString(),
        Type = r.Type.ToString(),
        RegistrationStatus = r.RegistrationStatus.ToString(),
        CreatedDateTime = r.CreatedDateTime.UtcDateTime,
        UpdatedDateTime = r.UpdatedDateTime.UtcDateTime,
        ExpirationDateTime = r.ExpirationDateTime?.UtcDateTime,
        Name = Fold(r.Name),
        ExternalReferenceId = Fold(r.ExternalReferenceId),
        MpnId = Fold(r.MpnId),
        CampaignId = Fold(r.CampaignId),
        Favorite = r.Favorite,
        Details = new()
        {
            DealValue = (double?)r.Details.DealValue,
            Currency = Fold(r.Details.Currency),
            Notes = Fold(r.Details.Notes),
            ClosingDateTime = r.Details.ClosingDateTime?.UtcDateTime,
        },
        CustomerProfile = new()
        {
            Name = Fold(r.CustomerProfile.Name),
            Address = new() { City = Fold(r.CustomerProfile.Address.City), Country = Fold(r.CustomerProfile.Address.Country) },
            Team = r.CustomerProfile.Team.ConvertAll(LibraryMember.Of),
        },
        Team = r.Team.ConvertAll(LibraryMember.Of),
    };

    internal static string? Fold(string? text) => text?.ToLowerInvariant();
}

internal sealed class LibraryDetails
{
    public double? DealValue { get; init; }
    public string? Currency { get; init; }
    public string? Notes { get; init; }
    public DateTime? ClosingDateTime { get; init; }
}

internal sealed class LibraryCustomer
{
    public string? Name { get; init; }
    public required LibraryAddress Address { get; init; }
    public required List<LibraryMember> Team { get; init; }
}

internal sealed class LibraryAddress
{
    public string? City { get; init; }
    public string? Country { get; init; }
}

internal sealed class LibraryMember
{
    public string? FirstName { get; init; }
    public string? Email { get; init; }

    public static LibraryMember Of(Contracts.Referrals.Member member) =>
        new() { FirstName = LibraryReferral.Fold(member.FirstName), Email = LibraryReferral.Fold(member.Email) };
}
