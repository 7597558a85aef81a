using System.Text.Json.Nodes;
using Tandem.Server.Organizations;
using Tandem.Server.Tests.Fixtures;
using static Tandem.Server.Tests.Fixtures.TandemServer;

namespace Tandem.Server.Tests.Organizations;

/// <summary>The people of an organization as somebody pages through them or searches for one.</summary>
public sealed class PeopleTests : IAsyncLifetime
{
    private const string Users = $"/admin/organizations/{Contoso}/users";

    private TandemServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await Start();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Theory]
    [InlineData("sahin", "Şahin Işık")]
    [InlineData("ŞAHİN", "Şahin Işık")]
    [InlineData("isik", "Şahin Işık")]
    [InlineData("IŞIK", "Şahin Işık")]
    [InlineData("ışık sahin@", "Şahin Işık")]
    [InlineData("zo", "Zoë Özgür", "Zoltán")]
    [InlineData(" ZOE ", "Zoë Özgür")]
    [InlineData("sales 4711", "Zoltán")]
    [InlineData("4711 referrals")]
    [InlineData("zoltan zoe")]
    [InlineData("100%")]
    [InlineData("_")]
    public async Task All_words_of_a_search_are_in_a_name_an_address_or_a_role(string search, params string[] names)
    {
        await Add("sahin@contoso.example", "Şahin Işık");
        await Add("o.z@contoso.example", "Zoë Özgür");
        var zoltan = await Add("z@contoso.example", "Zoltán");
        (await _server.Post(Alice, $"{Users}/{zoltan}/roles", new JsonObject { ["role"] = "Sales agent", ["mpnId"] = "4711" })).Is(201);
        var found = (await _server.Get(Alice, $"{Users}?search={Uri.EscapeDataString(search)}")).Is(200);
        Assert.Equal(names, found.Value.Select(u => (string)u["name"]!));
        Assert.Equal(names.Length, (int)found.Json["count"]!);
        Assert.Null(found.Json["next"]);
    }

    [Fact]
    public async Task What_was_just_changed_is_found_and_of_the_own_organization_alone()
    {
        var zoe = await Add("zoe@contoso.example", "Zoe");
        Assert.Equal(1, await Count(Alice, Users, "zoe"));
        (await _server.Patch(Alice, $"{Users}/{zoe}", new JsonObject { ["name"] = "Yan" })).Is(200);
        Assert.Equal(1, await Count(Alice, Users, "yan"));
        Assert.Equal(0, await Count(Carol, $"/admin/organizations/{Fabrikam}/users", "yan"));
        (await _server.Get(Carol, $"{Users}?search=yan")).Is(404);
        (await _server.Get(Bob, $"{Users}?search=yan")).Is(403);
        Assert.Equal(1, await Count(Sam, Users, "yan"));
    }

    [Fact]
    public async Task Pages_come_in_the_order_of_names_and_keep_the_search()
    {
        var names = Enumerable.Range(0, 25).Select(i => $"Person {(char)('A' + (i * 7 % 25))}").ToList();
        foreach (var name in names)
            await Add($"{Guid.NewGuid():N}@contoso.example", name);
        var read = new List<string>();
        for (var next = (string?)$"{Users}?search=person&top=10"; next is not null;)
        {
            var page = (await _server.Get(Alice, next)).Is(200);
            Assert.Equal(25, (int)page.Json["count"]!);
            read.AddRange(page.Value.Select(u => (string)u["name"]!));
            next = (string?)page.Json["next"];
        }

        Assert.Equal(names.Order(StringComparer.Ordinal), read);
    }

    [Theory]
    [InlineData("top=0", "top")]
    [InlineData("top=101", "top")]
    [InlineData("top=ten", "top")]
    [InlineData("after=zoe@contoso.example", "after")]
    [InlineData("after=a11ce000-0000-4000-8000-00000000ffff", "after")]
    [InlineData("search=a%00b", "search")]
    public async Task An_option_that_makes_no_sense_is_named(string option, string target)
    {
        var reply = (await _server.Get(Alice, $"{Users}?{option}")).Is(400);
        Assert.Equal(target, (string?)reply.Json["errors"]![0]!["target"]);
        (await _server.Get(Alice, $"{Users}?search={new string('x', 101)}")).Is(400);
    }

    [Fact]
    public void Ten_thousand_people_are_paged_through_once_each()
    {
        var people = Enumerable.Range(0, 10_000).Select(i => new User
        {
            Id = Guid.NewGuid(),
            OrganizationId = Contoso,
            Email = $"p{i}@contoso.example",
            Name = $"Person {i % 5000}",
        }).ToList();
        var index = new PeopleIndex(people);
        Assert.Equal((10_000, 100), (index.Find("person", -1, 100).Count, index.Find("person", -1, 100).Page.Count));
        Assert.Equal("p4321@contoso.example", Assert.Single(index.Find("p4321@", -1, 100).Page).Email);
        var read = new HashSet<Guid>();
        for (var after = -1; index.Find("", after, 100).Page is { Count: > 0 } page;)
        {
            Assert.All(page, p => Assert.True(read.Add(p.Id)));
            Assert.True(index.TryPlace(page[^1].Id, out after));
        }

        Assert.Equal(people.Count, read.Count);
    }

    private async Task<int> Count(string user, string path, string search) =>
        (int)(await _server.Get(user, $"{path}?search={search}")).Is(200).Json["count"]!;

    private async Task<string> Add(string email, string name) =>
        (await _server.Post(Alice, Users, new JsonObject { ["email"] = email, ["name"] = name })).Is(201).Id;
}
