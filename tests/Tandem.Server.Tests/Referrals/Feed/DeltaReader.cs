using System.Text.Json.Nodes;
using Tandem.Server.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Referrals.Feed;

/// <summary>A client that keeps a copy of a list by its delta links. All that it remembers beside the copy is the last link.</summary>
internal sealed class DeltaReader(string user, string options = "")
{
    private readonly string _first = $"{Api}{(options.Length == 0 ? "" : $"?{options}")}";

    public string User => user;

    /// <summary>Where to go on; null before the first page of the list.</summary>
    public string? Link { get; set; }

    /// <summary>The copy: documents by id, as they came.</summary>
    public Dictionary<string, string> Copy { get; } = [];

    /// <summary>Reads the list and follows it to its delta link.</summary>
    public static async Task<DeltaReader> Start(TandemServer server, string user, string options = "")
    {
        var reader = new DeltaReader(user, options);
        await reader.Round(server);
        return reader;
    }

    /// <summary>Reads page after page, up to the next delta link; answers what was told, in its order.</summary>
    public async Task<IReadOnlyList<JsonNode>> Round(TandemServer server, params (string Name, string Value)[] headers)
    {
        var told = new List<JsonNode>();
        while (true)
        {
            var page = await Page(server, headers);
            told.AddRange(page.Value);
            if (page.Json["@odata.deltaLink"] is not null)
                return told;
        }
    }

    /// <summary>Reads one page, once all that is stored can be read from the log, and takes it over.</summary>
    public async Task<Reply> Page(TandemServer server, params (string Name, string Value)[] headers)
    {
        await server.Settle();
        var reply = await Ask(server, headers);
        Take(reply);
        return reply;
    }

    public async Task<Reply> Ask(TandemServer server, params (string Name, string Value)[] headers) => Link is null
        ? (await server.Get(user, _first, ("Prefer", "odata.track-changes"))).Is(200)
        : (await server.Get(user, new Uri(Link).PathAndQuery, headers)).Is(200);

    /// <summary>Takes a page over into the copy, and then its link.</summary>
    public void Take(Reply page)
    {
        foreach (var told in page.Value)
        {
            var id = (string)told["id"]!;
            if (told["@removed"] is not null)
                Copy.Remove(id);
            else
                Copy[id] = told.ToJsonString();
        }

        var (next, delta) = ((string?)page.Json["@odata.nextLink"], (string?)page.Json["@odata.deltaLink"]);
        Assert.True(next is null != delta is null, page.Text);
        Link = next ?? delta;
    }

    /// <summary>Fails unless the copy is what the list says now.</summary>
    public async Task Check(TandemServer server)
    {
        var all = new SortedDictionary<string, string>(StringComparer.Ordinal);
        for (var next = _first; next is not null;)
        {
            var page = (await server.Get(user, next)).Is(200);
            foreach (var referral in page.Value)
                all.Add((string)referral["id"]!, referral.ToJsonString());
            next = (string?)page.Json["@odata.nextLink"] is { } link ? new Uri(link).PathAndQuery : null;
        }

        Assert.Equal(all.Keys, Copy.Keys.Order(StringComparer.Ordinal));
        // Nodes have addresses of their own, which the links name.
        Assert.All(all, r => Assert.Equal(WithoutLinks(r.Value), WithoutLinks(Copy[r.Key])));

        static string WithoutLinks(string text)
        {
            var referral = JsonNode.Parse(text)!.AsObject();
            referral.Remove("links");
            return referral.ToJsonString();
        }
    }
}
